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
import { candidates, PROMPT_KINDS } from "./learning.ts";
import { passages } from "./reading.ts";

/** How two writers compare on passages that neither was trained on; gains in nats per token. */
export interface TrialResult {
  passages: number;
  /** Mean gain of the edits of the writer so far, and of the new one. */
  before: number;
  after: number;
  /** Mean of the paired differences, with a 95% interval. */
  difference: number;
  low: number;
  high: number;
  /** One-sided: how likely so large a difference is where the new writer is no better. */
  p: number;
}

export const ROUND_STAGES = ["train", "try", "done"] as const;

/** One turn of the outer loop: the writer of edits is trained on the edits that earned reward. */
export const rounds = sqliteTable("rounds", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  /** The policy that wrote the edits, and from which the new one is trained; 0 is the base. */
  policyId: integer("policy_id").notNull(),
  /** The student's version when the round began; 0 is the base. */
  versionId: integer("version_id").notNull(),
  stage: text("stage", { enum: ROUND_STAGES }).notNull().default("train"),
  verdict: text("verdict", { enum: ["adopt", "reject", "failed"] }),
  reason: text("reason"),
  /** Training rows, of how many passages. */
  rows: integer("rows"),
  file: text("file"),
  sha256: text("sha256"),
  losses: text("losses", { mode: "json" }).$type<number[]>(),
  trainTokens: integer("train_tokens"),
  trial: text("trial", { mode: "json" }).$type<TrialResult>(),
  /** The policy it brought, if it was adopted. */
  newPolicyId: integer("new_policy_id"),
  /** Seconds by stage: `{ train, try }`. */
  timing: text("timing", { mode: "json" }).$type<Record<string, number>>().notNull().default({}),
  createdAt: createdAt(),
  finishedAt: integer("finished_at"),
});

/** Which passages a round uses: to train the writer, or to try it. Never both. */
export const roundPassages = sqliteTable(
  "round_passages",
  {
    roundId: integer("round_id")
      .notNull()
      .references(() => rounds.id),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id),
    role: text("role", { enum: ["train", "try"] }).notNull(),
    /** The edit that is trained on: the passage's best. None where no edit earned a reward. */
    candidateId: integer("candidate_id").references(() => candidates.id),
  },
  (t) => [
    primaryKey({ columns: [t.roundId, t.passageId] }),
    index("round_passages_passage").on(t.passageId),
  ],
);

/** An edit that was written and learned, from the untouched base, to compare two writers. */
export const trials = sqliteTable(
  "trials",
  {
    roundId: integer("round_id")
      .notNull()
      .references(() => rounds.id),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id),
    writer: text("writer", { enum: ["before", "after"] }).notNull(),
    ordinal: integer("ordinal").notNull(),
    kind: text("kind", { enum: PROMPT_KINDS }).notNull(),
    lines: text("lines", { mode: "json" }).$type<string[]>().notNull(),
    gain: real("gain").notNull(),
    gains: text("gains", { mode: "json" }).$type<Record<string, number>>().notNull(),
    trainTokens: integer("train_tokens").notNull(),
    seconds: real("seconds").notNull(),
  },
  (t) => [primaryKey({ columns: [t.roundId, t.passageId, t.writer, t.ordinal] })],
);

/** A writer that was adopted: an adapter of its own, never one with the other on top. */
export const policies = sqliteTable("policies", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  /** The policy it was trained from; 0 is the untouched base. */
  parentId: integer("parent_id").notNull(),
  roundId: integer("round_id")
    .notNull()
    .references(() => rounds.id),
  file: text("file").notNull(),
  sha256: text("sha256").notNull(),
  /** Fingerprint of the base model that it belongs to, where that is not the one of now. */
  model: text("model"),
  createdAt: createdAt(),
});

/** Edits of a passage that came from a file: they are studied in place of own ones. */
export const recordedEdits = sqliteTable(
  "recorded_edits",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id),
    kind: text("kind", { enum: PROMPT_KINDS }).notNull(),
    completion: text("completion").notNull(),
    /** Name of the file. */
    source: text("source").notNull(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("recorded_edits_text").on(t.passageId, t.completion)],
);

/** What a teacher was asked on one day (UTC), and what it cost. */
export const teacherUsage = sqliteTable(
  "teacher_usage",
  {
    /** `2026-11-21`. */
    day: text("day").notNull(),
    /** The teacher's name: its model and where it runs. */
    teacher: text("teacher").notNull(),
    requests: integer("requests").notNull().default(0),
    /** Requests that brought nothing usable, retries apart. */
    failures: integer("failures").notNull().default(0),
    /** As the teacher counts them; estimated where it does not say. */
    promptTokens: integer("prompt_tokens").notNull().default(0),
    completionTokens: integer("completion_tokens").notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.day, t.teacher] })],
);
