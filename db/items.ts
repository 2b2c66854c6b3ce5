import { and, count, desc, eq, gte, inArray, lte, ne, or, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { items } from "./schema.ts";

export type Item = typeof items.$inferSelect;
export type ItemState = Item["state"];
/** A thing as its source tells of it now. */
export type SeenItem = Pick<Item, "key" | "address" | "title" | "fingerprint"> &
  Partial<Pick<Item, "body" | "publishedAt">>;
export type ItemChange = Partial<Omit<Item, "id" | "sourceId" | "key" | "createdAt">>;

/**
 * Records what a source tells of now. What is new, or is told differently than before, waits to be
 * let through; everything else stays as it is.
 * @returns how many are new and how many have changed
 */
export function noteItems(
  db: Database,
  sourceId: number,
  seen: SeenItem[],
): { fresh: number; changed: number } {
  let fresh = 0;
  let changed = 0;
  for (const item of seen) {
    const known = findItem(db, sourceId, item.key);
    if (!known) {
      db.insert(items)
        .values({ ...item, sourceId })
        .run();
      fresh += 1;
    } else if (known.fingerprint !== item.fingerprint) {
      const again = { state: "held", error: null, tries: 0, retryAt: null } as const;
      changeItem(db, known.id, { ...item, body: item.body ?? null, ...again });
      changed += 1;
    } else if (known.state === "gone") {
      const back = known.documentId === null ? "held" : "read";
      changeItem(db, known.id, { state: back });
    }
  }
  return { fresh, changed };
}

export function getItem(db: Database, id: number): Item | undefined {
  return db.select().from(items).where(eq(items.id, id)).get();
}

export function findItem(db: Database, sourceId: number, key: string): Item | undefined {
  return db
    .select()
    .from(items)
    .where(and(eq(items.sourceId, sourceId), eq(items.key, key)))
    .get();
}

export function changeItem(db: Database, id: number, change: ItemChange): void {
  db.update(items).set(change).where(eq(items.id, id)).run();
}

/** Of every item of a source, what tells whether it has changed. */
export function fingerprints(
  db: Database,
  sourceId: number,
): Map<string, Pick<Item, "id" | "fingerprint" | "state">> {
  const rows = db
    .select({
      id: items.id,
      key: items.key,
      fingerprint: items.fingerprint,
      state: items.state,
    })
    .from(items)
    .where(eq(items.sourceId, sourceId))
    .all();
  return new Map(rows.map(({ key, ...row }) => [key, row]));
}

/** How many items of a source were let through since a moment, in milliseconds since 1970. */
export function countAdmitted(db: Database, sourceId: number, since: number): number {
  return db
    .select({ n: count() })
    .from(items)
    .where(and(eq(items.sourceId, sourceId), gte(items.admittedAt, since)))
    .get()!.n;
}

/** The items that wait to be let through: those to be tried again, then the newest first. */
export function waitingItems(db: Database, sourceId: number, now: number, limit: number): Item[] {
  const retry = and(eq(items.state, "failed"), lte(items.retryAt, now));
  return db
    .select()
    .from(items)
    .where(and(eq(items.sourceId, sourceId), or(eq(items.state, "held"), retry)))
    .orderBy(
      sql`${items.state} = 'held'`,
      desc(sql`coalesce(${items.publishedAt}, ${items.createdAt})`),
      desc(items.id),
    )
    .limit(limit)
    .all();
}

/** The items of a source for a page: what failed first, then the latest. */
export function listItems(db: Database, sourceId: number, limit = 100): Item[] {
  return db
    .select()
    .from(items)
    .where(eq(items.sourceId, sourceId))
    .orderBy(sql`${items.state} <> 'failed'`, desc(items.id))
    .limit(limit)
    .all();
}

/** Items for which a read job should stand: their ids. */
export function queuedItems(db: Database): number[] {
  return db
    .select({ id: items.id })
    .from(items)
    .where(eq(items.state, "queued"))
    .all()
    .map(({ id }) => id);
}

/** Whether a document is the current one of something that lies elsewhere than at `address`. */
export function isElsewhere(db: Database, documentId: number, address: string): boolean {
  const other = and(eq(items.documentId, documentId), ne(items.address, address));
  return db.select({ id: items.id }).from(items).where(other).limit(1).get() !== undefined;
}

/** Marks items as gone: their files are not there any more. */
export function markGone(db: Database, ids: number[]): void {
  for (let i = 0; i < ids.length; i += 500) {
    const chunk = ids.slice(i, i + 500);
    db.update(items).set({ state: "gone" }).where(inArray(items.id, chunk)).run();
  }
}
