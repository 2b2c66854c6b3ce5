import { index, integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";
import { FEEDBACK_KINDS } from "./learning.ts";
import { passages } from "./reading.ts";

/** What a passage was decided to be, every time, with the figures behind it. */
export const decisions = sqliteTable(
  "decisions",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    passageId: integer("passage_id")
      .notNull()
      .references(() => passages.id, { onDelete: "cascade" }),
    /** None where a person decided. */
    updateId: integer("update_id"),
    /** The version that was asked; 0 is the untouched base. */
    versionId: integer("version_id").notNull(),
    verdict: text("verdict", { enum: ["known", "study", "review", "skip"] }).notNull(),
    by: text("by", { enum: ["rule", "person"] }).notNull(),
    probes: integer("probes"),
    /** Share of the probes answered exactly with the passage closed, and log p per token in nats. */
    accuracy: real("accuracy"),
    logprob: real("logprob"),
    /** Of the passage's own text, in nats per token, and the median of what was read before. */
    surprise: real("surprise"),
    typical: real("typical"),
    /** In a sentence for people. */
    reason: text("reason").notNull(),
    createdAt: createdAt(),
  },
  (t) => [index("decisions_passage").on(t.passageId), index("decisions_update").on(t.updateId)],
);

/** What people's use showed that the weights did not know. */
export const feedback = sqliteTable(
  "feedback",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: FEEDBACK_KINDS }).notNull(),
    question: text("question").notNull(),
    /** The question as it is compared with others. */
    key: text("key").notNull(),
    /** The right answer, where one is known. */
    answer: text("answer"),
    /** What the weights said, and of which version; 0 is the untouched base. */
    given: text("given").notNull(),
    versionId: integer("version_id").notNull(),
    via: text("via", { enum: ["page", "command", "api"] }).notNull(),
    /** The passage that answers it; none where nothing does that was read. */
    passageId: integer("passage_id").references(() => passages.id, { onDelete: "cascade" }),
    probeId: integer("probe_id"),
    /** How often it was said. */
    times: integer("times").notNull().default(1),
    /** The update of the passage that took it up. */
    settledBy: integer("settled_by"),
    createdAt: createdAt(),
    lastAt: integer("last_at").notNull(),
  },
  (t) => [index("feedback_passage").on(t.passageId), index("feedback_key").on(t.key)],
);
