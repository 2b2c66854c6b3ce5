import { and, asc, count, desc, eq, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { type CONSENTS, documents, passages } from "./schema.ts";

export type Document = typeof documents.$inferSelect;
export type Consent = (typeof CONSENTS)[number];
export type NewDocument = Pick<Document, "source" | "format" | "title" | "contentHash"> &
  Partial<Pick<Document, "sourceId" | "publishedAt" | "consent">>;

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

/** Records what people, or their source's mode, say about learning a document. */
export function setConsent(db: Database, id: number, consent: Consent): void {
  db.update(documents).set({ consent }).where(eq(documents.id, id)).run();
}

/** Records which document is the later version of another; none makes it the current one again. */
export function setSupersededBy(db: Database, id: number, supersededBy: number | null): void {
  db.update(documents).set({ supersededBy }).where(eq(documents.id, id)).run();
}

/** Documents, the latest first. */
export function listDocuments(db: Database, limit = 1000): Document[] {
  return db.select().from(documents).orderBy(desc(documents.id)).limit(limit).all();
}

/** A document as a list shows it. */
export interface DocumentLine extends Document {
  passages: number;
}

/** The documents of a source, or those about which people are asked; the latest first. */
export function documentLines(
  db: Database,
  where: { sourceId?: number; consent?: Consent },
  limit = 100,
): DocumentLine[] {
  const { sourceId, consent } = where;
  return db
    .select({ document: documents, passages: count(passages.id) })
    .from(documents)
    .leftJoin(passages, eq(passages.documentId, documents.id))
    .where(
      and(
        sourceId === undefined ? undefined : eq(documents.sourceId, sourceId),
        consent === undefined ? undefined : eq(documents.consent, consent),
        // What was replaced is not asked about any more.
        consent === "ask" ? sql`${documents.supersededBy} is null` : undefined,
      ),
    )
    .groupBy(documents.id)
    .orderBy(desc(documents.id))
    .limit(limit)
    .all()
    .map(({ document, passages }) => ({ ...document, passages }));
}

/** The ids of the documents about which people are asked, of one source or of all; oldest first. */
export function documentsToAsk(db: Database, sourceId?: number): number[] {
  const asked = and(eq(documents.consent, "ask"), sql`${documents.supersededBy} is null`);
  return db
    .select({ id: documents.id })
    .from(documents)
    .where(sourceId === undefined ? asked : and(asked, eq(documents.sourceId, sourceId)))
    .orderBy(asc(documents.id))
    .all()
    .map(({ id }) => id);
}

export function countDocuments(db: Database): number {
  return db.select({ n: sql<number>`count(*)` }).from(documents).get()!.n;
}
