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
import { experimentId } from "./experiments.ts";

/** What a task's inputs and outputs are. */
export const TASK_FORMATS = ["grid", "text"] as const;

/** An example of a task, as prompts write it. */
export interface TaskPair {
  input: string;
  output: string;
}

/** How a task is learned; what its values may be, the learner says. */
export type RecipeJson = Record<string, string | number | boolean>;

/** Something that is learned from a handful of examples. */
export const tasks = sqliteTable(
  "tasks",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** Hash of its content: the same task is stored once. */
    key: text("key").notNull(),
    name: text("name").notNull(),
    format: text("format", { enum: TASK_FORMATS }).notNull(),
    train: text("train", { mode: "json" }).$type<TaskPair[]>().notNull(),
    /** What is asked; the output where it is known. */
    test: text("test", { mode: "json" })
      .$type<{ input: string; output: string | null }[]>()
      .notNull(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("tasks_key").on(t.key)],
);

const taskId = () =>
  integer("task_id")
    .notNull()
    .references(() => tasks.id);

/** How a task's held-out examples stand under some weights. */
export interface TrialScore {
  /** Share that greedy decoding gets right. */
  exact: number;
  /** Log-probability of the outputs per token, in nats. */
  logprob: number;
}

/** A recipe that was tried for a skill: trained without an example or two, which it was then asked. */
export interface SkillTrial extends TrialScore {
  recipe: RecipeJson;
  /** Training, over all examples that were held out. */
  seconds: number;
  bounded: boolean;
  diverged: boolean;
}

/** An answer, and how many views gave it. */
export interface SkillAttempt {
  output: string;
  votes: number;
}

export const SKILL_STATES = ["learning", "ready", "useless", "failed"] as const;

/** A task that is learned for good: the adapter of the recipe that was best on examples held out. */
export const skills = sqliteTable(
  "skills",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    name: text("name").notNull(),
    taskId: taskId(),
    /** `useless`: no recipe helped; `failed`: the reason says why. Neither has an adapter. */
    state: text("state", { enum: SKILL_STATES }).notNull().default("learning"),
    reason: text("reason"),
    /** Of the untouched base, with the examples in context. */
    base: text("base", { mode: "json" }).$type<TrialScore>(),
    trials: text("trials", { mode: "json" }).$type<SkillTrial[]>().notNull().default([]),
    /** Texts that were no recipe. */
    invalid: integer("invalid").notNull().default(0),
    recipe: text("recipe", { mode: "json" }).$type<RecipeJson>(),
    file: text("file"),
    sha256: text("sha256"),
    /** Fingerprint of the base model that the adapter belongs to. */
    model: text("model"),
    /** Of the task's own tests, in their order. */
    answers: text("answers", { mode: "json" }).$type<SkillAttempt[][]>(),
    createdAt: createdAt(),
    finishedAt: integer("finished_at"),
  },
  (t) => [uniqueIndex("skills_name").on(t.name)],
);

/** A task of an experiment: it trains the writer of recipes, or it is reported. */
export const experimentTasks = sqliteTable(
  "experiment_tasks",
  {
    experimentId: experimentId(),
    ordinal: integer("ordinal").notNull(),
    taskId: taskId(),
    role: text("role", { enum: ["train", "report"] }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.experimentId, t.ordinal] })],
);

/** A recipe as a writer wrote it for a task. */
export const taskRecipes = sqliteTable(
  "task_recipes",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    experimentId: experimentId(),
    taskId: taskId(),
    seed: integer("seed").notNull(),
    /** `own`, `seal-1`… */
    writer: text("writer").notNull(),
    ordinal: integer("ordinal").notNull(),
    text: text("text").notNull(),
    /** None where the text is no recipe. */
    recipe: text("recipe", { mode: "json" }).$type<RecipeJson>(),
  },
  (t) => [
    uniqueIndex("task_recipes_place").on(t.experimentId, t.taskId, t.seed, t.writer, t.ordinal),
  ],
);

/** An adapter that was trained on a task's examples, asked, and forgotten; or the base without any. */
export const taskUpdates = sqliteTable(
  "task_updates",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    experimentId: experimentId(),
    taskId: taskId(),
    /** None for the base: the examples are in context only. */
    recipe: text("recipe", { mode: "json" }).$type<RecipeJson>(),
    /** The recipe as text, empty without one: a task learns the same thing once. */
    key: text("key").notNull(),
    seed: integer("seed").notNull(),
    rows: integer("rows").notNull(),
    /** As they were; fewer than the recipe's where the step budget did not allow more. */
    epochs: integer("epochs").notNull(),
    /** Whether the step budget cut epochs or rows. */
    bounded: integer("bounded", { mode: "boolean" }).notNull(),
    /** Rows that were left out because the model cannot read so long a text. */
    unreadable: integer("unreadable").notNull(),
    ...training(),
    diverged: integer("diverged", { mode: "boolean" }).notNull(),
    /** Share of the tests whose output is what greedy decoding gives. */
    exact: real("exact").notNull(),
    /** Mean log-probability of the outputs per token, in nats. */
    logprob: real("logprob").notNull(),
    /** Ways in which each test was asked for a prediction; none where nobody asked. */
    views: integer("views"),
  },
  (t) => [
    uniqueIndex("task_updates_key").on(t.experimentId, t.taskId, t.key, t.seed),
    index("task_updates_task").on(t.taskId),
  ],
);

/** What a test's output is after an update: of all views' answers those with most votes. */
export const taskPredictions = sqliteTable(
  "task_predictions",
  {
    updateId: integer("update_id")
      .notNull()
      .references(() => taskUpdates.id),
    test: integer("test").notNull(),
    attempt: integer("attempt").notNull(),
    output: text("output").notNull(),
    votes: integer("votes").notNull(),
    right: integer("right", { mode: "boolean" }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.updateId, t.test, t.attempt] })],
);

/** Which update is an arm's for a task. */
export const taskArms = sqliteTable(
  "task_arms",
  {
    experimentId: experimentId(),
    arm: text("arm").notNull(),
    seed: integer("seed").notNull(),
    taskId: taskId(),
    /** Which of the arm's recipes: an arm's figure is the mean over them. */
    ordinal: integer("ordinal").notNull(),
    updateId: integer("update_id")
      .notNull()
      .references(() => taskUpdates.id),
  },
  (t) => [
    primaryKey({ columns: [t.experimentId, t.arm, t.seed, t.taskId, t.ordinal] }),
    index("task_arms_update").on(t.updateId),
  ],
);
