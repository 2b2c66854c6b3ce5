import { sql } from "drizzle-orm";
import { index, integer, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";

export const JOB_STATES = ["queued", "running", "done", "failed"] as const;

/** What a job needs. `read`: `{ source, file?, title? }`; `learn`: `{ passageId, again? }`; `round`: `{ force? }`; `refit`: `{ refitId }`; `skill`: `{ skillId }`; `measure`: nothing. */
export interface JobPayload {
  /** The item of a source that is to be read. */
  itemId?: number;
  /** An absolute path, a URL, or what a person should see instead of an inbox file's name. */
  source?: string;
  /** Absolute path of the bytes, where they are not at `source`: an upload in the inbox. */
  file?: string;
  title?: string;
  passageId?: number;
  /** It is studied again, whatever became of it before. */
  again?: boolean;
  refitId?: number;
  skillId?: number;
  /** A round that somebody asked for takes the passages that there are. */
  force?: boolean;
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
    kind: text("kind", { enum: ["read", "measure", "refit", "skill", "learn", "round"] }).notNull(),
    payload: text("payload", { mode: "json" }).$type<JobPayload>().notNull(),
    /** Two unfinished jobs with one key are one job, however often they are asked for. */
    key: text("key").notNull(),
    state: text("state", { enum: JOB_STATES }).notNull().default("queued"),
    /** The job that queued this one: the folder of a file, the document of a passage. */
    parentId: integer("parent_id"),
    /** Among jobs of its kind, the higher goes first; then the order of arrival. */
    priority: real("priority").notNull().default(0),
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
    index("jobs_next").on(t.state, t.kind, sql`${t.priority} desc`, t.id),
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
