import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";
import type { GateFigures } from "./memory.ts";
import { passages } from "./reading.ts";

/**
 * Why one adapter is fitted anew from the untouched base: `sleep` ends a long lineage, `unlearn` leaves
 * something out, `rebuild` makes a version again whose adapter is gone, `move` learns on another base.
 */
export const REFIT_KINDS = ["sleep", "unlearn", "rebuild", "move"] as const;
export const REFIT_STAGES = ["examine", "train", "gate", "done"] as const;

/** How some questions were answered: the share that was right, and the mean of log p per token in nats. */
export interface Standing {
  accuracy: number;
  logprob: number;
}

/** What is left of what was unlearned, on its report probes. */
export interface UnlearnProof {
  probes: number;
  base: Standing;
  before: Standing;
  after: Standing;
}

/** One adapter fitted from the untouched base on stored study lines. */
export const refits = sqliteTable(
  "refits",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: REFIT_KINDS }).notNull(),
    /** What is left out, or which version is made again, as people know it. */
    subject: text("subject").notNull().default(""),
    /** The version that is made again. */
    ofVersionId: integer("of_version_id"),
    /** The version that answered when it began, which it is compared with; 0 is the base. */
    fromVersionId: integer("from_version_id"),
    stage: text("stage", { enum: REFIT_STAGES }).notNull().default("train"),
    verdict: text("verdict", { enum: ["commit", "rescale", "reject", "failed", "stopped"] }),
    reason: text("reason"),
    /** Training rows, with those that are rehearsed. */
    rows: integer("rows"),
    /** Inside the adapters folder, once trained. */
    file: text("file"),
    sha256: text("sha256"),
    losses: text("losses", { mode: "json" }).$type<number[]>(),
    trainTokens: integer("train_tokens"),
    figures: text("figures", { mode: "json" }).$type<GateFigures>(),
    proof: text("proof", { mode: "json" }).$type<UnlearnProof>(),
    versionId: integer("version_id"),
    /** Seconds by stage: `{ examine, train, gate }`. */
    timing: text("timing", { mode: "json" }).$type<Record<string, number>>().notNull().default({}),
    createdAt: createdAt(),
    finishedAt: integer("finished_at"),
  },
  (t) => [index("refits_finished").on(t.finishedAt)],
);

/**
 * Which passages a refit keeps, with the update whose study lines it takes and the version that they are
 * compared with, and which it leaves out.
 */
export const refitPassages = sqliteTable(
  "refit_passages",
  {
    refitId: integer("refit_id")
      .notNull()
      .references(() => refits.id, { onDelete: "cascade" }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id, { onDelete: "cascade" }),
    role: text("role", { enum: ["keep", "drop"] }).notNull(),
    updateId: integer("update_id"),
    anchorVersion: integer("anchor_version"),
  },
  (t) => [primaryKey({ columns: [t.refitId, t.passageId] })],
);
