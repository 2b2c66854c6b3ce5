import { index, integer, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";
import { feedback } from "./triage.ts";

/** How a question is answered: from the weights, with passages open too, or beside the untouched base as well. */
export const ASK_MODES = ["weights", "passages", "compare"] as const;
/** Whose answer: the untouched base's, the version's own, or the version's with a passage open. */
export const ARMS = ["base", "learned", "passages"] as const;
/** Where an answer comes from; `both`: the weights say the same with the passages closed. */
export const ANSWER_ORIGINS = ["weights", "passages", "both"] as const;
/** `cut`: the connection was lost, or the server stopped, before the answer was complete. */
export const ANSWER_STATES = ["writing", "done", "cut", "failed"] as const;

/** A passage that was open while an answer was written. */
export interface OpenedPassage {
  passageId: number;
  title: string;
  /** Whether the answer stands in it. */
  source: boolean;
}

/** An exam question close to one that was asked, and how the weights last answered it. */
export interface CoveringProbe {
  passageId: number;
  title: string;
  question: string;
  answer: string;
  /** None where no version up to the one that answered was asked; `logprob` per token, in nats. */
  result?: { versionId: number; exact: boolean; logprob: number };
}

/** What the passages said to a question after the weights had answered it. */
export interface LookedUp {
  passageId: number;
  title: string;
  answer: string;
  /** Whether the weights said the same. */
  known: boolean;
  /** What came of it where they did not. */
  message?: string;
}

export const conversations = sqliteTable(
  "conversations",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    title: text("title").notNull(),
    /** The version that answers here until somebody switches; 0 is the untouched base. */
    versionId: integer("version_id").notNull(),
    createdAt: createdAt(),
    lastAt: integer("last_at").notNull(),
  },
  (t) => [index("conversations_last").on(t.lastAt)],
);

/** One question of a conversation. */
export const turns = sqliteTable(
  "turns",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    conversationId: integer("conversation_id")
      .notNull()
      .references(() => conversations.id, { onDelete: "cascade" }),
    question: text("question").notNull(),
    mode: text("mode", { enum: ASK_MODES }).notNull(),
    lookedUp: text("looked_up", { mode: "json" }).$type<LookedUp>(),
    createdAt: createdAt(),
  },
  (t) => [index("turns_conversation").on(t.conversationId)],
);

/** One answer to a question. */
export const answers = sqliteTable(
  "answers",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    turnId: integer("turn_id")
      .notNull()
      .references(() => turns.id, { onDelete: "cascade" }),
    arm: text("arm", { enum: ARMS }).notNull(),
    /** 0 is the untouched base. */
    versionId: integer("version_id").notNull(),
    state: text("state", { enum: ANSWER_STATES }).notNull().default("writing"),
    text: text("text").notNull().default(""),
    origin: text("origin", { enum: ANSWER_ORIGINS }),
    /** Mean log-probability of the answer's tokens as it was written, in nats. */
    logprob: real("logprob"),
    passages: text("passages", { mode: "json" }).$type<OpenedPassage[]>().notNull().default([]),
    probes: text("probes", { mode: "json" }).$type<CoveringProbe[]>().notNull().default([]),
    /** Why it failed, in a sentence. */
    error: text("error"),
    /** What a person said of it. */
    feedbackId: integer("feedback_id").references(() => feedback.id, { onDelete: "set null" }),
  },
  (t) => [uniqueIndex("answers_arm").on(t.turnId, t.arm), index("answers_state").on(t.state)],
);
