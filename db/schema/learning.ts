import { sql } from "drizzle-orm";
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
import { passages } from "./reading.ts";

/** What people bring: a question that only the passage could answer, a correction, an answer marked wrong. */
export const FEEDBACK_KINDS = ["question", "correction", "marked"] as const;
export const PROBE_ORIGINS = ["made", ...FEEDBACK_KINDS] as const;

/** A question of the exam, scored as log p(answer | prompt). */
export const probes = sqliteTable(
  "probes",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id),
    /** `written` by the model, or `cloze`: a blanked sentence, made by rule. */
    kind: text("kind", { enum: ["written", "cloze"] }).notNull(),
    /** Reward probes select among candidates; report probes only measure. Never both. */
    split: text("split", { enum: ["reward", "report"] }).notNull(),
    /** `made` with the passage's exam, or brought by use: see `feedback`. */
    origin: text("origin", { enum: PROBE_ORIGINS }).notNull().default("made"),
    /** The question as people read it. */
    question: text("question").notNull(),
    /** The closed-book prompt, and the answer that follows it. */
    prompt: text("prompt").notNull(),
    answer: text("answer").notNull(),
    /** Wrong answers of the same type: what all of them gain is no knowledge. */
    distractors: text("distractors", { mode: "json" }).$type<string[]>().notNull().default([]),
    /** The passage that answers it otherwise, since when, and how: the answer was true until then. */
    supersededBy: integer("superseded_by"),
    validUntil: integer("valid_until"),
    newAnswer: text("new_answer"),
  },
  (t) => [index("probes_passage").on(t.passageId)],
);

/** How a writer can be asked for an edit: SEAL's prompt kinds; `none` lets it go on after the passage. */
export const PROMPT_KINDS = [
  "implications",
  "implications-long",
  "rewrite",
  "self-qa",
  "none",
] as const;

export const STAGES = ["probe", "decide", "study", "train", "commit", "measure", "done"] as const;

/** One passage going through the loop once. */
export const updates = sqliteTable(
  "updates",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id),
    /** The adapter version it began from; none is the untouched base. */
    parentVersionId: integer("parent_version_id"),
    stage: text("stage", { enum: STAGES }).notNull().default("probe"),
    verdict: text("verdict", { enum: ["commit", "reject", "known", "failed", "review"] }),
    /** The update in which it is trained, with that one's passage; see `PREPARED` and `ALONE` in db/updates. */
    leadId: integer("lead_id"),
    reason: text("reason"),
    /** Mean gain of the winner on the reward probes, nats per token. */
    gain: real("gain"),
    versionId: integer("version_id"),
    /** Seconds by stage: `{ probe, decide, sample, train, score, measure }`. */
    timing: text("timing", { mode: "json" }).$type<Record<string, number>>().notNull().default({}),
    createdAt: createdAt(),
    finishedAt: integer("finished_at"),
  },
  (t) => [
    index("updates_passage").on(t.passageId),
    index("updates_finished").on(t.finishedAt),
    index("updates_lead").on(t.leadId).where(sql`lead_id is not null`),
  ],
);

/** A self-edit and the candidate adapter trained on it. */
export const candidates = sqliteTable(
  "candidates",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    updateId: integer("update_id")
      .notNull()
      .references(() => updates.id),
    ordinal: integer("ordinal").notNull(),
    /** A prompt kind where somebody wrote it; `sentences` by rule. */
    kind: text("kind", { enum: [...PROMPT_KINDS, "sentences"] }).notNull(),
    /** Who wrote it: the student itself, a teacher, a file of recorded edits, or a rule. */
    origin: text("origin", { enum: ["self", "teacher", "recorded", "rule"] })
      .notNull()
      .default("self"),
    /** The policy that wrote it, where the student did; 0 is the untouched base. */
    policyId: integer("policy_id").notNull().default(0),
    lines: text("lines", { mode: "json" }).$type<string[]>().notNull(),
    /** What the writer was shown, and what it wrote, list by list, without what did not pass. */
    prompt: text("prompt"),
    completions: text("completions", { mode: "json" }).$type<string[]>(),
    /** Adapter file name inside the home's adapters folder, once trained. */
    file: text("file"),
    sha256: text("sha256"),
    losses: text("losses", { mode: "json" }).$type<number[]>(),
    trainTokens: integer("train_tokens"),
    seconds: real("seconds"),
    /** Mean gain over the parent on the reward probes, nats per token. */
    reward: real("reward"),
    /** The gain of each reward probe, of which the reward is the mean; by the probe's id. */
    gains: text("gains", { mode: "json" }).$type<Record<string, number>>(),
  },
  (t) => [uniqueIndex("candidates_update").on(t.updateId, t.ordinal)],
);

/** A committed adapter. Files are named by their content hash and never changed; rows are never deleted. */
export const versions = sqliteTable(
  "versions",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** The version that it was trained from; none is the untouched base. */
    parentId: integer("parent_id"),
    /** The update that taught it, or the refit that made it from the base. */
    updateId: integer("update_id").references(() => updates.id),
    refitId: integer("refit_id"),
    /** Of one that was made by a refit: the version whose place it took; 0 is the base. */
    replaces: integer("replaces"),
    file: text("file").notNull(),
    sha256: text("sha256").notNull(),
    /** Fingerprint of the base model that it belongs to, where that is not the one of now. */
    model: text("model"),
    /** Its adapter is never removed to save space. */
    pinned: integer("pinned", { mode: "boolean" }).notNull().default(false),
    /** When its adapter was removed to save space: it can be made again from stored study lines. */
    prunedAt: integer("pruned_at"),
    /** Why it cannot be used, where its file is missing or damaged. */
    broken: text("broken"),
    createdAt: createdAt(),
  },
  (t) => [index("versions_update").on(t.updateId)],
);

/** The score of one probe under one adapter version; version 0 is the untouched base. */
export const scores = sqliteTable(
  "scores",
  {
    versionId: integer("version_id").notNull(),
    probeId: integer("probe_id")
      .notNull()
      .references(() => probes.id),
    logprob: real("logprob").notNull(),
    tokens: integer("tokens").notNull(),
    exact: integer("exact", { mode: "boolean" }).notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.versionId, t.probeId] }),
    index("scores_probe").on(t.probeId, t.versionId),
  ],
);
