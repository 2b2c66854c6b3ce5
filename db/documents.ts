import { desc, eq, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { documents } from "./schema.ts";

export type Document = typeof documents.$inferSelect;
export type NewDocument = Pick<Document, "source" | "format" | "title" | "contentHash">;

/** Stores a document unless one with the same text is there; `added` tells which. */
export function addDocument(
  db: Database,
  document: NewDocument,
): { document: Document; added: boolean } {
  const inserted = db
    .insert(documents)
    .values(document)
    .onConflictDoNothing({ target: documents.contentHash })
    .returning()
    .get();
  if (inserted) return { document: inserted, added: true };
  return { document: findDocumentByHash(db, document.contentHash)!, added: false };
}

export function getDocument(db: Database, id: number): Document | undefined {
  return db.select().from(documents).where(eq(documents.id, id)).get();
}

/** The document with this text, by the hex SHA-256 of the text. */
export function findDocumentByHash(db: Database, contentHash: string): Document | undefined {
  return db.select().from(documents).where(eq(documents.contentHash, contentHash)).get();
}

/** Documents, the latest first. */
export function listDocuments(db: Database, limit = 1000): Document[] {
  return db.select().from(documents).orderBy(desc(documents.id)).limit(limit).all();
}

export function countDocuments(db: Database): number {
  return db.select({ n: sql<number>`count(*)` }).from(documents).get()!.n;
}
