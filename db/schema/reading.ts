import { sql } from "drizzle-orm";
import { index, integer, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";

export const FORMATS = ["text", "markdown", "html", "pdf", "epub", "docx"] as const;

/** `hand`: what people hand in themselves; `demo`: the newspaper of the embedded model's world. */
export const SOURCE_KINDS = ["hand", "feed", "arxiv", "folder", "demo"] as const;
/** What becomes of what a source brings: it is learned, people are asked first, or it is only read. */
export const SOURCE_MODES = ["learn", "ask", "read"] as const;
/** What is read of an entry of a feed: what the feed has, the page that it leads to, or as it needs. */
export const SOURCE_CONTENTS = ["auto", "feed", "page"] as const;
/** How much of what a source brings is worth learning, as people see it: what goes first. */
export const SOURCE_TRUST = ["low", "normal", "high"] as const;
/** `gone`: the feed says that it is over (HTTP 410); `removed`: kept for what it brought in. */
export const SOURCE_STATES = ["active", "paused", "gone", "removed"] as const;

/** Where documents come from. One row of kind `hand` stands for everything that people hand in. */
export const sources = sqliteTable(
  "sources",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: SOURCE_KINDS }).notNull(),
    /** A feed's address, a folder's absolute path, an arXiv category; `hand` and `demo` have none. */
    address: text("address").notNull(),
    title: text("title").notNull(),
    /** The page that a feed belongs to. */
    site: text("site"),
    mode: text("mode", { enum: SOURCE_MODES }).notNull().default("learn"),
    content: text("content", { enum: SOURCE_CONTENTS }).notNull().default("auto"),
    trust: text("trust", { enum: SOURCE_TRUST }).notNull().default("normal"),
    /** Items that are taken in one day, of the server's time zone; none is no limit. */
    quota: integer("quota"),
    state: text("state", { enum: SOURCE_STATES }).notNull().default("active"),
    /** How often it is looked at, in milliseconds, where people chose that. */
    every: integer("every"),
    /** Not to be looked at before this time. */
    nextCheckAt: integer("next_check_at").notNull().default(0),
    checkedAt: integer("checked_at"),
    /** When it last brought something. */
    changedAt: integer("changed_at"),
    /** What went wrong at the last check, in a sentence; none if nothing did. */
    error: text("error"),
    /** Checks in a row that failed. */
    failures: integer("failures").notNull().default(0),
    /** For conditional requests: what the server said of its last answer. */
    etag: text("etag"),
    lastModified: text("last_modified"),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("sources_address").on(t.kind, t.address)],
);

/** `held`: waits for its day's quota; `gone`: its file is not there any more, its document is. */
export const ITEM_STATES = ["held", "queued", "read", "failed", "gone"] as const;

/** One thing of a source: an entry of a feed, a file of a folder. It is known again by its key. */
export const items = sqliteTable(
  "items",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    sourceId: integer("source_id")
      .notNull()
      .references(() => sources.id),
    key: text("key").notNull(),
    /** Where its text is: a file's path, the page that an entry leads to. */
    address: text("address").notNull(),
    title: text("title").notNull(),
    /** What the source says of it: changes when it does. */
    fingerprint: text("fingerprint").notNull(),
    /** HTML that the feed itself has of it, until it is read. */
    body: text("body"),
    publishedAt: integer("published_at"),
    state: text("state", { enum: ITEM_STATES }).notNull().default("held"),
    /** Why it could not be read, or not in full. */
    error: text("error"),
    /** Attempts to read this version that failed for reasons that may pass. */
    tries: integer("tries").notNull().default(0),
    /** When it is to be tried again. */
    retryAt: integer("retry_at"),
    /** When it was let through, which is what the quota counts. */
    admittedAt: integer("admitted_at"),
    documentId: integer("document_id"),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex("items_key").on(t.sourceId, t.key),
    index("items_state").on(t.sourceId, t.state),
    index("items_document").on(t.documentId),
  ],
);

/** `yes`: it is learned; `ask`: people are to say; `no`: they said no; `read`: it is there to be read. */
export const CONSENTS = ["yes", "ask", "no", "read"] as const;

/** Something that was read: a file, a page, a pasted text. Its passages are what is learned. */
export const documents = sqliteTable(
  "documents",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** Where it came from, as given: an absolute path, a URL, or `demo:` and an entity. */
    source: text("source").notNull(),
    format: text("format", { enum: FORMATS }).notNull(),
    title: text("title").notNull(),
    /** Hex SHA-256 of the extracted text: the same text is never stored twice. */
    contentHash: text("content_hash").notNull(),
    /** None where it came from before there were sources. */
    sourceId: integer("source_id").references(() => sources.id),
    /** When it was written, as its source says, in milliseconds since 1970. */
    publishedAt: integer("published_at"),
    /** Whether it is learned. */
    consent: text("consent", { enum: CONSENTS }).notNull().default("yes"),
    /** The later version of the same thing. */
    supersededBy: integer("superseded_by"),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex("documents_content").on(t.contentHash),
    index("documents_consent").on(t.consent),
    index("documents_source").on(t.sourceId),
  ],
);

/**
 * `superseded`: a later version of its document came without it, before it was learned; `review`: a
 * person is to say whether it is learned; `skipped`: a person said no; `unlearned`: it was learned, and
 * the version that answers now does not know it.
 */
export const DECISIONS = [
  "new",
  "known",
  "learned",
  "rejected",
  "failed",
  "superseded",
  "review",
  "skipped",
  "unlearned",
] as const;

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
    /** Its mean negative log-likelihood per token, in nats, when it was last read by the current model. */
    surprise: real("surprise"),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex("passages_hash").on(t.hash),
    index("passages_document").on(t.documentId),
    index("passages_surprise").on(t.id).where(sql`surprise is not null`),
    index("passages_created").on(t.createdAt),
    index("passages_decision").on(t.decision, t.id),
  ],
);
