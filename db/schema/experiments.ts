import {
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { createdAt, training } from "./columns.ts";
import { PROMPT_KINDS } from "./learning.ts";

/** Something in the data, or of a teacher's, that could not be used. */
export interface ExperimentProblem {
  /** Counting from 1, as people do; none where it is not about one. */
  item?: number;
  question?: number;
  problem: string;
  /** A teacher may do better when he is asked again. */
  by?: "teacher";
}

/** How much of the report questions' wording occurs in the texts of one source; names and numbers apart. */
export interface Overlap {
  /** Of the questions. */
  wording: QuestionWording;
  source: string;
  questions: number;
  texts: number;
  /** Longest run of words that a question has in common with any of the texts: mean and maximum over the questions. */
  meanRun: number;
  longestRun: number;
  /** Questions that stand in one of the texts word for word. */
  verbatim: number;
  /** The question with the longest run. */
  example?: string;
}

/** One setting that a search tried for an arm, on the passages for tuning. */
export interface Tried {
  learningRate: number;
  epochs: number | null;
  /** Mean log-probability per token of the answers, in nats. */
  score: number;
  updateIds: number[];
}

/** `unseen` wordings occur in nothing that was trained on; `gold` ones came with the data. */
export const QUESTION_WORDINGS = ["gold", "seen", "unseen", "written"] as const;
export type QuestionWording = (typeof QUESTION_WORDINGS)[number];

/** One passage at a time, each from the untouched base; or several at once. */
export const REGIMES = ["single", "together"] as const;
/** What arms have in common: their epochs, their supervised tokens, or nothing but the search. */
export const BUDGETS = ["epochs", "tokens", "tuned"] as const;

/** One experiment: what is to be compared, with which model, on which data. */
export const experiments = sqliteTable(
  "experiments",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: ["knowledge", "acceptance", "forgetting", "few-shot"] }).notNull(),
    /** Hash of the configuration, the data and the model: the same command goes on where it was. */
    key: text("key").notNull(),
    config: text("config", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    model: text("model").notNull(),
    modelHash: text("model_hash").notNull(),
    data: text("data").notNull(),
    dataHash: text("data_hash").notNull(),
    /** What it ran on: versions, device, processor. */
    machine: text("machine", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    problems: text("problems", { mode: "json" }).$type<ExperimentProblem[]>().notNull().default([]),
    audit: text("audit", { mode: "json" }).$type<Overlap[]>(),
    /** Time spent on it, over all processes. */
    seconds: real("seconds").notNull().default(0),
    createdAt: createdAt(),
    finishedAt: integer("finished_at"),
  },
  (t) => [uniqueIndex("experiments_key").on(t.key)],
);

/** The experiment that a row is of. */
export const experimentId = () =>
  integer("experiment_id")
    .notNull()
    .references(() => experiments.id);

/** A passage, with the one thing that it is used for. */
export const experimentPassages = sqliteTable(
  "experiment_passages",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    experimentId: experimentId(),
    ordinal: integer("ordinal").notNull(),
    /** `tune`: chooses hyperparameters; `write`: trains the writer, in `round`; `report`: is reported. */
    role: text("role", { enum: ["tune", "write", "report"] }).notNull(),
    /** Where passages are learned one after another, the sequence. */
    round: integer("round"),
    title: text("title").notNull(),
    text: text("text").notNull(),
    /** Whether its reward probes have been written. */
    probed: integer("probed", { mode: "boolean" }).notNull().default(false),
  },
  (t) => [uniqueIndex("experiment_passages_ordinal").on(t.experimentId, t.ordinal)],
);

/** A question about a passage: it selects (`reward`) or it measures (`report`), never both. */
export const experimentQuestions = sqliteTable(
  "experiment_questions",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => experimentPassages.id),
    use: text("use", { enum: ["reward", "report"] }).notNull(),
    wording: text("wording", { enum: QUESTION_WORDINGS }).notNull(),
    question: text("question").notNull(),
    prompt: text("prompt").notNull(),
    answers: text("answers", { mode: "json" }).$type<string[]>().notNull(),
    distractors: text("distractors", { mode: "json" }).$type<string[]>().notNull(),
  },
  (t) => [index("experiment_questions_passage").on(t.passageId)],
);

/** A self-edit, or what stands in its place. */
export const experimentEdits = sqliteTable(
  "experiment_edits",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => experimentPassages.id),
    seed: integer("seed").notNull(),
    /** `own`, `teacher`, `seal-1`…; `random`: lines drawn from the own edits that were not the best. */
    writer: text("writer").notNull(),
    kind: text("kind", { enum: PROMPT_KINDS }).notNull(),
    ordinal: integer("ordinal").notNull(),
    lines: text("lines", { mode: "json" }).$type<string[]>().notNull(),
    /** Lines left out: names or numbers that are not in the passage, or a report question. */
    dropped: integer("dropped").notNull(),
    prompt: text("prompt"),
    completions: text("completions", { mode: "json" }).$type<string[]>(),
  },
  (t) => [
    uniqueIndex("experiment_edits_place").on(t.passageId, t.seed, t.writer, t.kind, t.ordinal),
  ],
);

/** What a writer writes: edits of one kind, or recipes for tasks. */
export const POLICY_KINDS = [...PROMPT_KINDS, "recipe"] as const;

/** A writer that a round of the outer loop trained. */
export const experimentPolicies = sqliteTable(
  "experiment_policies",
  {
    experimentId: experimentId(),
    seed: integer("seed").notNull(),
    kind: text("kind", { enum: POLICY_KINDS }).notNull(),
    round: integer("round").notNull(),
    file: text("file").notNull(),
    sha256: text("sha256").notNull(),
    /** The edits, or recipes, that it was trained on. */
    editIds: text("edit_ids", { mode: "json" }).$type<number[]>().notNull(),
    rows: integer("rows").notNull(),
    losses: text("losses", { mode: "json" }).$type<number[]>().notNull(),
    seconds: real("seconds").notNull(),
  },
  (t) => [primaryKey({ columns: [t.experimentId, t.seed, t.kind, t.round] })],
);

/** A candidate update: an adapter trained from the untouched base, scored, and forgotten. */
export const experimentUpdates = sqliteTable(
  "experiment_updates",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    experimentId: experimentId(),
    /** All that it depends on: arms that ask for the same update share it. */
    key: text("key").notNull(),
    passageIds: text("passage_ids", { mode: "json" }).$type<number[]>().notNull(),
    editIds: text("edit_ids", { mode: "json" }).$type<number[]>().notNull(),
    seed: integer("seed").notNull(),
    learningRate: real("learning_rate").notNull(),
    epochs: integer("epochs").notNull(),
    ...training(),
    diverged: integer("diverged", { mode: "boolean" }).notNull().default(false),
  },
  (t) => [uniqueIndex("experiment_updates_key").on(t.experimentId, t.key)],
);

/** How a question stands after an update; log-probabilities per token, in nats. */
export const experimentScores = sqliteTable(
  "experiment_scores",
  {
    updateId: integer("update_id")
      .notNull()
      .references(() => experimentUpdates.id),
    questionId: integer("question_id")
      .notNull()
      .references(() => experimentQuestions.id),
    logprob: real("logprob").notNull(),
    /** Mean over the distractors. */
    distractors: real("distractors"),
    /** Distractors that are likelier than the answer. */
    rank: integer("rank").notNull(),
    exact: integer("exact", { mode: "boolean" }).notNull(),
    generated: text("generated"),
    match: integer("match", { mode: "boolean" }),
  },
  (t) => [primaryKey({ columns: [t.updateId, t.questionId] })],
);

/** What a search found for an arm, on the passages for tuning. */
export const experimentSearches = sqliteTable(
  "experiment_searches",
  {
    experimentId: experimentId(),
    arm: text("arm").notNull(),
    /** Of the edits; empty where the arm has none. */
    kind: text("kind").notNull(),
    regime: text("regime", { enum: REGIMES }).notNull(),
    budget: text("budget", { enum: BUDGETS }).notNull(),
    learningRate: real("learning_rate").notNull(),
    /** None where they follow from a budget of tokens. */
    epochs: integer("epochs"),
    tried: text("tried", { mode: "json" }).$type<Tried[]>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.experimentId, t.arm, t.kind, t.regime, t.budget] })],
);

/** Which updates are an arm's for a passage, or for a set of passages learned at once. */
export const experimentArms = sqliteTable(
  "experiment_arms",
  {
    experimentId: experimentId(),
    arm: text("arm").notNull(),
    /** Of the edits; empty where the arm has none. */
    kind: text("kind").notNull(),
    regime: text("regime", { enum: REGIMES }).notNull(),
    budget: text("budget", { enum: BUDGETS }).notNull(),
    seed: integer("seed").notNull(),
    /** The passage's id; number of the set where several are learned together. */
    unit: integer("unit").notNull(),
    /** Which of the arm's edits: an arm's figure is the mean over them. */
    ordinal: integer("ordinal").notNull(),
    updateId: integer("update_id")
      .notNull()
      .references(() => experimentUpdates.id),
  },
  (t) => [
    primaryKey({
      columns: [t.experimentId, t.arm, t.kind, t.regime, t.budget, t.seed, t.unit, t.ordinal],
    }),
    index("experiment_arms_update").on(t.updateId),
  ],
);

/** The base's known facts and skills under some weights: shares that are still right, and likelihoods. */
export interface StepControl {
  fact: number | null;
  reading: number | null;
  writing: number | null;
  /** Of general text, as a multiple of the base's. */
  perplexity: number | null;
  /** KL(base || now) in nats per token. */
  kl: number | null;
}

/** Seconds of a step, by what for. */
export interface StepSeconds {
  /** The whole update, whatever it asks and measures of its own included. */
  learn: number;
  /** Of them, training. */
  train: number;
  /** Fitting everything anew afterwards, where that was due. */
  sleep: number;
}

/**
 * A step of a sequence of passages that are learned one after another, under one arm. Step 0 of the arm
 * `base` is the untouched base; its update's scores are row t of the accuracy matrix.
 */
export const experimentSteps = sqliteTable(
  "experiment_steps",
  {
    experimentId: experimentId(),
    arm: text("arm").notNull(),
    sequence: integer("sequence").notNull(),
    /** Which order of its passages; 1 is their own. */
    ordering: integer("ordering").notNull(),
    step: integer("step").notNull(),
    /** What was learned; none where it is nothing, or everything at once. */
    passageId: integer("passage_id").references(() => experimentPassages.id),
    updateId: integer("update_id")
      .notNull()
      .references(() => experimentUpdates.id),
    verdict: text("verdict").notNull(),
    reason: text("reason").notNull(),
    seconds: text("seconds", { mode: "json" }).$type<StepSeconds>().notNull(),
    /** Rows that were trained on, and how many of them have a report question in its words. */
    rows: integer("rows").notNull(),
    askedRows: integer("asked_rows").notNull(),
    control: text("control", { mode: "json" }).$type<StepControl>(),
  },
  (t) => [primaryKey({ columns: [t.experimentId, t.arm, t.sequence, t.ordering, t.step] })],
);
