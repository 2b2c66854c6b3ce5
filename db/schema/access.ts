import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";

/** What a token lets its holder do; `admin` includes the others. */
export const SCOPES = ["read", "write", "chat", "admin"] as const;

/** Keys of programs. The key itself is shown once and stored nowhere. */
export const tokens = sqliteTable(
  "tokens",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    name: text("name").notNull(),
    /** Hex SHA-256 of the key: it is long and random, so that no slower hash is needed. */
    hash: text("hash").notNull(),
    /** The key's first characters, to tell keys apart in a list. */
    hint: text("hint").notNull(),
    scopes: text("scopes", { mode: "json" }).$type<(typeof SCOPES)[number][]>().notNull(),
    /** Not valid from this time on; none is for ever. */
    expiresAt: integer("expires_at"),
    /** To the minute. */
    usedAt: integer("used_at"),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("tokens_hash").on(t.hash)],
);

/** People who are signed in, one row for each browser. */
export const sessions = sqliteTable(
  "sessions",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** Hex SHA-256 of what the browser's cookie holds. */
    hash: text("hash").notNull(),
    /** Where the sign-in came from, and what the browser calls itself. */
    address: text("address").notNull(),
    agent: text("agent").notNull(),
    /** To the hour. */
    seenAt: integer("seen_at").notNull(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("sessions_hash").on(t.hash)],
);

/** Sign-ins with a wrong password, while they count. */
export const wrongPasswords = sqliteTable(
  "wrong_passwords",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    address: text("address").notNull(),
    createdAt: createdAt(),
  },
  (t) => [index("wrong_passwords_created").on(t.createdAt)],
);

/** What a webhook can be told of. */
export const WEBHOOK_EVENTS = ["update.commit", "update.reject", "memory.alarm"] as const;

/** Addresses that are told when something happens. */
export const webhooks = sqliteTable("webhooks", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  url: text("url").notNull(),
  events: text("events", { mode: "json" }).$type<(typeof WEBHOOK_EVENTS)[number][]>().notNull(),
  /** Signs what is sent, so it is stored as it is: `whsec_` and base64. */
  secret: text("secret").notNull(),
  /** The last event of the log that was looked at for it. */
  seenEventId: integer("seen_event_id").notNull(),
  createdAt: createdAt(),
});

export const DELIVERY_STATES = ["waiting", "delivered", "failed"] as const;

/** One message to one webhook: tried until it is taken, or given up. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    webhookId: integer("webhook_id")
      .notNull()
      .references(() => webhooks.id, { onDelete: "cascade" }),
    eventId: integer("event_id").notNull(),
    /** The body, as it is signed and sent. */
    body: text("body").notNull(),
    state: text("state", { enum: DELIVERY_STATES }).notNull().default("waiting"),
    attempts: integer("attempts").notNull().default(0),
    /** Not to be tried before this time. */
    nextAt: integer("next_at").notNull().default(0),
    /** HTTP status of the last answer, and what went wrong in a sentence. */
    status: integer("status"),
    error: text("error"),
    createdAt: createdAt(),
    finishedAt: integer("finished_at"),
  },
  (t) => [
    uniqueIndex("deliveries_event").on(t.webhookId, t.eventId),
    index("deliveries_waiting").on(t.nextAt).where(sql`state = 'waiting'`),
  ],
);
