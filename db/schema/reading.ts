import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { createdAt } from "./columns.ts";

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
