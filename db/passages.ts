import { asc, count, eq, gte, inArray } from "drizzle-orm";
import type { Database } from "./open.ts";
import { DECISIONS, passages } from "./schema.ts";

export type Passage = typeof passages.$inferSelect;
export type NewPassage = Pick<Passage, "position" | "title" | "text" | "hash">;
export type Decision = (typeof DECISIONS)[number];

/**
 * Stores the passages of a document that are not known yet; one that another document brought
 * before stays with that document.
 * @returns all of them in the order given, and which of them are new
 */
export function addPassages(
  db: Database,
  documentId: number,
  list: NewPassage[],
): { passages: Passage[]; added: Passage[] } {
  const all = new Map<number, Passage>();
  const added: Passage[] = [];
  for (const passage of list) {
    const inserted = db
      .insert(passages)
      .values({ ...passage, documentId })
      .onConflictDoNothing({ target: passages.hash })
      .returning()
      .get();
    if (inserted) added.push(inserted);
    const stored = inserted ?? findPassageByHash(db, passage.hash)!;
    all.set(stored.id, stored);
  }
  return { passages: [...all.values()], added };
}

/** Moves a passage to the later version of its document. */
export function movePassage(
  db: Database,
  id: number,
  to: { documentId: number; position: number; title: string },
): void {
  db.update(passages).set(to).where(eq(passages.id, id)).run();
}

export function getPassage(db: Database, id: number): Passage | undefined {
  return db.select().from(passages).where(eq(passages.id, id)).get();
}

/** The passages with these ids, by id; unknown ids are left out. */
export function getPassages(db: Database, ids: number[]): Passage[] {
  // In chunks: a statement has a bounded number of parameters.
  const found: Passage[] = [];
  for (let i = 0; i < ids.length; i += 1000) {
    const chunk = ids.slice(i, i + 1000);
    found.push(...db.select().from(passages).where(inArray(passages.id, chunk)).all());
  }
  return found.sort((a, b) => a.id - b.id);
}

export function findPassageByHash(db: Database, hash: string): Passage | undefined {
  return db.select().from(passages).where(eq(passages.hash, hash)).get();
}

/** Passages in the order they came, of one document or of all. */
export function listPassages(db: Database, documentId?: number): Passage[] {
  return db
    .select()
    .from(passages)
    .where(documentId === undefined ? undefined : eq(passages.documentId, documentId))
    .orderBy(asc(passages.id))
    .all();
}

/** Records what became of a passage, and why, in a sentence for people. */
export function decidePassage(db: Database, id: number, decision: Decision, reason: string): void {
  db.update(passages).set({ decision, reason }).where(eq(passages.id, id)).run();
}

/** Forgets what became of a passage: it is to be tried again. */
export function reopenPassage(db: Database, id: number): void {
  db.update(passages).set({ decision: "new", reason: null }).where(eq(passages.id, id)).run();
}

/** How many passages there are of each decision. */
export function countPassages(db: Database): Record<Decision, number> {
  const counts = Object.fromEntries(DECISIONS.map((decision) => [decision, 0]));
  const rows = db
    .select({ decision: passages.decision, n: count() })
    .from(passages)
    .groupBy(passages.decision)
    .all();
  for (const row of rows) counts[row.decision] = row.n;
  return counts as Record<Decision, number>;
}

/** How many passages came since a time. */
export function countPassagesSince(db: Database, from: number): number {
  return db.select({ n: count() }).from(passages).where(gte(passages.createdAt, from)).get()!.n;
}
