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

/** Milliseconds since 1970, set at insertion. */
const createdAt = () =>
  integer("created_at")
    .notNull()
    .default(sql`(cast(round(unixepoch('subsec') * 1000) as integer))`);

/** Something that was read: a file, a page, a pasted text. Its passages are what is learned. */
export const documents = sqliteTable(
  "documents",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** Where it came from, as given: an absolute path, a URL, or `demo:` and an entity. */
    source: text("source").notNull(),
    format: text("format", { enum: ["text", "markdown", "html"] }).notNull(),
    title: text("title").notNull(),
    /** Hex SHA-256 of the extracted text: the same text is never stored twice. */
    contentHash: text("content_hash").notNull(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("documents_content").on(t.contentHash)],
);

export const DECISIONS = ["new", "known", "learned", "rejected", "failed"] as const;

/** A stretch of a document that is examined, studied and remembered as one. */
export const passages = sqliteTable(
  "passages",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    documentId: integer("document_id")
      .notNull()
      .references(() => documents.id),
    position: integer("position").notNull(),
    title: text("title").notNull(),
    text: text("text").notNull(),
    /** Hex SHA-256 of the normalised text. */
    hash: text("hash").notNull(),
    decision: text("decision", { enum: DECISIONS }).notNull().default("new"),
    /** Why, in a sentence for people. */
    reason: text("reason"),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("passages_hash").on(t.hash), index("passages_document").on(t.documentId)],
);

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
    /** The question as people read it. */
    question: text("question").notNull(),
    /** The closed-book prompt, and the answer that follows it. */
    prompt: text("prompt").notNull(),
    answer: text("answer").notNull(),
  },
  (t) => [index("probes_passage").on(t.passageId)],
);

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
    verdict: text("verdict", { enum: ["commit", "reject", "known", "failed"] }),
    reason: text("reason"),
    /** Mean gain of the winner on the reward probes, nats per token. */
    gain: real("gain"),
    versionId: integer("version_id"),
    /** Seconds by stage: `{ probe, decide, sample, train, score, measure }`. */
    timing: text("timing", { mode: "json" }).$type<Record<string, number>>().notNull().default({}),
    createdAt: createdAt(),
    finishedAt: integer("finished_at"),
  },
  (t) => [index("updates_passage").on(t.passageId)],
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
    /** `implications` and `questions` by the model; `sentences` and `cloze` by rule. */
    kind: text("kind", { enum: ["implications", "questions", "rewrite", "sentences"] }).notNull(),
    lines: text("lines", { mode: "json" }).$type<string[]>().notNull(),
    /** Adapter file name inside the home's adapters folder, once trained. */
    file: text("file"),
    sha256: text("sha256"),
    losses: text("losses", { mode: "json" }).$type<number[]>(),
    trainTokens: integer("train_tokens"),
    seconds: real("seconds"),
    /** Mean gain over the parent on the reward probes, nats per token. */
    reward: real("reward"),
  },
  (t) => [uniqueIndex("candidates_update").on(t.updateId, t.ordinal)],
);

/** A committed adapter. Files are named by their content hash and never changed. */
export const versions = sqliteTable("versions", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  parentId: integer("parent_id"),
  updateId: integer("update_id")
    .notNull()
    .references(() => updates.id),
  file: text("file").notNull(),
  sha256: text("sha256").notNull(),
  createdAt: createdAt(),
});

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
  (t) => [primaryKey({ columns: [t.versionId, t.probeId] })],
);

export const JOB_STATES = ["queued", "running", "done", "failed"] as const;

/** What a job needs. `read`: `{ source, file?, title? }`; `learn`: `{ passageId }`. */
export interface JobPayload {
  /** An absolute path, a URL, or what a person should see instead of an inbox file's name. */
  source?: string;
  /** Absolute path of the bytes, where they are not at `source`: an upload in the inbox. */
  file?: string;
  title?: string;
  passageId?: number;
}

/** What a `read` job brought in; a sentence for people and the figures behind it. */
export interface ReadResult {
  message: string;
  documentIds: number[];
  /** Every passage of what was read, stored just now or known from before. */
  passageIds: number[];
  /** How many of those passages were new. */
  added: number;
  /** Of a folder: the jobs that read its files. */
  jobIds?: number[];
}

/** The journal: whatever was acknowledged is a row here until it is done. */
export const jobs = sqliteTable(
  "jobs",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: ["read", "learn"] }).notNull(),
    payload: text("payload", { mode: "json" }).$type<JobPayload>().notNull(),
    /** Two unfinished jobs with one key are one job, however often they are asked for. */
    key: text("key").notNull(),
    state: text("state", { enum: JOB_STATES }).notNull().default("queued"),
    /** The job that queued this one: the folder of a file, the document of a passage. */
    parentId: integer("parent_id"),
    /** How often it was begun and not given back: what exceeds the loop's limit stops Selkie itself. */
    attempts: integer("attempts").notNull().default(0),
    /** How often a model's process died of it. */
    crashes: integer("crashes").notNull().default(0),
    /** Who runs it; only this owner can finish it. */
    owner: text("owner"),
    /** Not to be begun before this time: the back-off after a crash. */
    notBefore: integer("not_before").notNull().default(0),
    error: text("error"),
    result: text("result", { mode: "json" }).$type<ReadResult>(),
    createdAt: createdAt(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at"),
  },
  (t) => [
    index("jobs_state").on(t.state, t.id),
    index("jobs_key").on(t.key),
    index("jobs_parent").on(t.parentId),
    uniqueIndex("jobs_unfinished").on(t.key).where(sql`state in ('queued', 'running')`),
  ],
);

/** What happened, for the page's log; ids are the event stream's ids. */
export const events = sqliteTable("events", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  level: text("level", { enum: ["info", "warning", "error"] }).notNull(),
  /** e.g. `document.read`, `update.commit`, `job.failed`. */
  kind: text("kind").notNull(),
  message: text("message").notNull(),
  jobId: integer("job_id"),
  passageId: integer("passage_id"),
  createdAt: createdAt(),
});

/** Who runs the loop: one process at a time, renewed while it lives. */
export const leases = sqliteTable("leases", {
  name: text("name").primaryKey(),
  owner: text("owner").notNull(),
  expiresAt: integer("expires_at").notNull(),
  /** Why the holder cannot go on for now, in a sentence for people. */
  problem: text("problem"),
});

/** Facts about the instance: which base model its adapters belong to, the settings. */
export const settings = sqliteTable("settings", {
  key: text("key").primaryKey(),
  value: text("value", { mode: "json" }).$type<unknown>().notNull(),
});
