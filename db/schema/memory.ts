import {
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";
import { probes, updates } from "./learning.ts";
import { passages } from "./reading.ts";

/** A share or a difference with its 95% interval. */
export interface Estimate {
  mean: number;
  low: number;
  high: number;
}

/** What became of a passage when it was examined: its probes are measured as what they are. */
export const ROLES = ["learned", "known", "rejected"] as const;

/**
 * What is known of one probe of an examined passage: how it stood right after its update, how it stood
 * when it was last looked at, and when it is due to be looked at again. One row each, changed in place:
 * the history is in `scores`.
 */
export const retention = sqliteTable(
  "retention",
  {
    probeId: integer("probe_id")
      .primaryKey()
      .references(() => probes.id, { onDelete: "cascade" }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id, { onDelete: "cascade" }),
    split: text("split", { enum: ["reward", "report"] }).notNull(),
    kind: text("kind", { enum: ["written", "cloze"] }).notNull(),
    role: text("role", { enum: ROLES }).notNull(),
    /** The version right after its passage's update, which it is compared with: the anchor. */
    anchorVersion: integer("anchor_version").notNull(),
    anchorExact: integer("anchor_exact", { mode: "boolean" }).notNull(),
    /** Log p per token, in nats, as all log-probabilities here. */
    anchorLogprob: real("anchor_logprob").notNull(),
    baseExact: integer("base_exact", { mode: "boolean" }).notNull(),
    baseLogprob: real("base_logprob").notNull(),
    /** Whether it was ever answered right when it was looked at. */
    everExact: integer("ever_exact", { mode: "boolean" }).notNull(),
    lastVersion: integer("last_version").notNull(),
    lastExact: integer("last_exact", { mode: "boolean" }).notNull(),
    lastLogprob: real("last_logprob").notNull(),
    /** How often it was looked at after its own update, and how often it was wrong then. */
    looks: integer("looks").notNull().default(0),
    failures: integer("failures").notNull().default(0),
    /** FSRS's memory state; time is counted in versions. Of reward probes alone. */
    due: integer("due"),
    stability: real("stability"),
    difficulty: real("difficulty"),
    reps: integer("reps").notNull().default(0),
    lapses: integer("lapses").notNull().default(0),
    /** FSRS's state: 0 new, 1 learning, 2 review, 3 relearning. */
    phase: integer("phase").notNull().default(0),
    reviewedVersion: integer("reviewed_version"),
  },
  (t) => [
    index("retention_passage").on(t.passageId),
    index("retention_due").on(t.split, t.role, t.due),
  ],
);

/** The control set of a base model: what it knew and could do before anything was learned. */
export const controlItems = sqliteTable(
  "control_items",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** Fingerprint of the base model that it belongs to. */
    model: text("model").notNull(),
    kind: text("kind", { enum: ["text", "sample", "fact", "reading", "writing"] }).notNull(),
    /** The gate decides by one half, the figures that are shown are over the other. */
    split: text("split", { enum: ["gate", "report"] }).notNull(),
    context: text("context").notNull(),
    answer: text("answer").notNull(),
    end: integer("end", { mode: "boolean" }).notNull(),
    /** What no training row may mention. */
    about: text("about").notNull(),
    /** Under the base: the sum over the answer's tokens of log p, in nats. */
    logprob: real("logprob").notNull(),
    tokens: integer("tokens").notNull(),
  },
  (t) => [index("control_items_model").on(t.model)],
);

/** What the untouched base wrote about what it knows and can do, to be practised. */
export const rehearsals = sqliteTable(
  "rehearsals",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    model: text("model").notNull(),
    form: text("form", { enum: ["text", "question", "reading", "writing"] }).notNull(),
    prompt: text("prompt").notNull(),
    output: text("output").notNull(),
    /** With begin and end tokens. */
    tokens: integer("tokens").notNull(),
  },
  (t) => [index("rehearsals_model").on(t.model)],
);

/** Retention of probes that were right after their update, by how many versions ago that was. */
export interface RetentionByAge {
  /** From so many versions, to so many, both included. */
  from: number;
  to: number;
  /** Estimated number of probes of that age. */
  probes: number;
  kept: Estimate;
}

/** All figures of one measurement. */
export interface MemoryFigures {
  /** Report probes that could have been asked, and those that were. */
  population: number;
  asked: number;
  /** Passages by what became of them. */
  passages: { learned: number; known: number; rejected: number };
  acc: Estimate | null;
  bwt: Estimate | null;
  forgetting: Estimate | null;
  /** Over every examined passage, whatever became of it. */
  all: Estimate | null;
  netGain: Estimate | null;
  /** Mean over what was learned so far of (right before its update − right under the base). */
  fwt: number | null;
  logprob: { acc: Estimate | null; bwt: Estimate | null; netGain: Estimate | null };
  ages: RetentionByAge[];
  /** Versions after which half is forgotten; none where nothing is seen to fade. */
  halfLife: Estimate | null;
  control: ControlSummary | null;
  /** Estimated number of questions that are answered wrongly with confidence, and were not before. */
  beliefs: Estimate | null;
}

/** How the control set stands against the untouched base. */
export interface ControlSummary {
  perplexity: number | null;
  kl: number | null;
  fact: Estimate | null;
  reading: Estimate | null;
  writing: Estimate | null;
}

/** What was measured under a version: a sample after its update, or everything on request. */
export const measurements = sqliteTable(
  "measurements",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    versionId: integer("version_id").notNull(),
    kind: text("kind", { enum: ["sample", "sweep"] }).notNull(),
    figures: text("figures", { mode: "json" }).$type<MemoryFigures>().notNull(),
    /** R[i−1, i] − b_i of the passage that this version taught: a term of FWT. */
    forward: real("forward"),
    seconds: real("seconds").notNull(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("measurements_version").on(t.versionId, t.kind)],
);

/** An answer that is confidently wrong and was not before. */
export const beliefs = sqliteTable(
  "beliefs",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    versionId: integer("version_id").notNull(),
    /** The question: a report probe, or an item of the control set. */
    probeId: integer("probe_id").references(() => probes.id, { onDelete: "cascade" }),
    controlId: integer("control_id").references(() => controlItems.id, { onDelete: "cascade" }),
    question: text("question").notNull(),
    answer: text("answer").notNull(),
    said: text("said").notNull(),
    /** Of what it says, as a whole: now, and before the question's anchor or under the base. */
    probability: real("probability").notNull(),
    before: real("before").notNull(),
  },
  (t) => [index("beliefs_version").on(t.versionId)],
);

/** What the gate found of old probes. */
export interface GateLoss {
  /** Probes that could have been asked, draws of them, and different ones among these. */
  population: number;
  draws: number;
  asked: number;
  /** Mean share of right answers lost since each probe's anchor, and since the parent. */
  loss: number;
  sinceParent: number;
  /** Evidence (e-values) that the loss is above the budget, and that it is below. */
  harm: number;
  safe: number;
}

/** What an adapter cost the base. */
export interface ControlLoss extends ControlSummary {
  /** Share lost of what the base knew and could read, under the adapter and under its parent. */
  loss: number;
  parentLoss: number;
  /** Evidence (an e-value) that the loss is above the budget. */
  harm: number;
  parentPerplexity: number | null;
}

/** What the gate found, and what it allows. */
export interface GateFigures {
  /**
   * Mean gain of the new reward probes, nats per token, and of their share of right answers; null where
   * nothing is new.
   */
  gain: number | null;
  exactGain: number;
  old: GateLoss | null;
  control: ControlLoss | null;
  budgets: { loss: number; control: number; perplexity: number };
}

/** One candidate at one scale before the gate. */
export const gates = sqliteTable(
  "gates",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    updateId: integer("update_id")
      .notNull()
      .references(() => updates.id, { onDelete: "cascade" }),
    candidateId: integer("candidate_id").notNull(),
    /** How far from the parent towards the candidate; 1 is the candidate itself. */
    scale: real("scale").notNull(),
    verdict: text("verdict", { enum: ["commit", "rescale", "reject"] }).notNull(),
    reason: text("reason").notNull(),
    figures: text("figures", { mode: "json" }).$type<GateFigures>().notNull(),
    /** The rescaled adapter, inside the adapters folder; none at scale 1. */
    file: text("file"),
    sha256: text("sha256"),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("gates_trial").on(t.updateId, t.candidateId, t.scale)],
);

/** The score of a control item under a version. */
export const controlScores = sqliteTable(
  "control_scores",
  {
    versionId: integer("version_id").notNull(),
    itemId: integer("item_id")
      .notNull()
      .references(() => controlItems.id, { onDelete: "cascade" }),
    logprob: real("logprob").notNull(),
    tokens: integer("tokens").notNull(),
    exact: integer("exact", { mode: "boolean" }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.versionId, t.itemId] })],
);
