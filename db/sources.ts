import { and, asc, count, eq, inArray, isNotNull, lte, ne, sql } from "drizzle-orm";
import { type Database, transaction } from "./open.ts";
import { documents, items, sources } from "./schema.ts";

export type Source = typeof sources.$inferSelect;
export type SourceKind = Source["kind"];
export type SourceMode = Source["mode"];
export type SourceContent = Source["content"];
export type SourceState = Source["state"];
export type NewSource = Pick<Source, "kind" | "address" | "title"> &
  Partial<
    Pick<
      Source,
      "site" | "mode" | "content" | "quota" | "every" | "trust" | "nextCheckAt" | "createdAt"
    >
  >;
export type SourceChange = Partial<Omit<Source, "id" | "kind" | "createdAt">>;

/** Kinds that are looked at again and again. */
const POLLED: SourceKind[] = ["feed", "arxiv", "folder", "demo"];

/**
 * Records a source, unless there is one of its kind and address; one that was removed is taken up
 * again, as it is asked for now.
 */
export function addSource(db: Database, source: NewSource): { source: Source; added: boolean } {
  return transaction(db, () => {
    const same = and(eq(sources.kind, source.kind), eq(sources.address, source.address));
    const existing = db.select().from(sources).where(same).get();
    if (!existing) {
      return { source: db.insert(sources).values(source).returning().get(), added: true };
    }
    if (existing.state !== "removed") return { source: existing, added: false };
    const fresh = { state: "active", nextCheckAt: 0, error: null, failures: 0 } as const;
    changeSource(db, existing.id, { ...source, ...fresh, etag: null, lastModified: null });
    return { source: getSource(db, existing.id)!, added: true };
  });
}

export function getSource(db: Database, id: number): Source | undefined {
  return db.select().from(sources).where(eq(sources.id, id)).get();
}

export function findSource(db: Database, kind: SourceKind, address: string): Source | undefined {
  return db
    .select()
    .from(sources)
    .where(and(eq(sources.kind, kind), eq(sources.address, address)))
    .get();
}

/** The source of what people hand in themselves; it is made at the first call. */
export function handSource(db: Database): Source {
  return (
    findSource(db, "hand", "") ??
    addSource(db, { kind: "hand", address: "", title: "Handed in" }).source
  );
}

/** The sources that there are, in the order in which they came. */
export function listSources(db: Database): Source[] {
  return db
    .select()
    .from(sources)
    .where(ne(sources.state, "removed"))
    .orderBy(asc(sources.id))
    .all();
}

export function changeSource(db: Database, id: number, change: SourceChange): void {
  if (Object.keys(change).length === 0) return;
  db.update(sources).set(change).where(eq(sources.id, id)).run();
}

/** The sources whose time to be looked at has come, the one that waits longest first. */
export function dueSources(db: Database, now: number, limit = 100): Source[] {
  return db
    .select()
    .from(sources)
    .where(
      and(
        eq(sources.state, "active"),
        inArray(sources.kind, POLLED),
        lte(sources.nextCheckAt, now),
      ),
    )
    .orderBy(asc(sources.nextCheckAt))
    .limit(limit)
    .all();
}

/** The ids of the documents that a source brought. */
export function documentsOfSource(db: Database, id: number): number[] {
  return db
    .select({ id: documents.id })
    .from(documents)
    .where(eq(documents.sourceId, id))
    .orderBy(asc(documents.id))
    .all()
    .map((row) => row.id);
}

/** The folders that are watched. */
export function watchedFolders(db: Database): Source[] {
  return db
    .select()
    .from(sources)
    .where(and(eq(sources.state, "active"), eq(sources.kind, "folder")))
    .all();
}

/** Sources with items that wait for their quota, or to be tried again. */
export function sourcesWithWaiting(db: Database, now: number): number[] {
  const waits = sql`(${items.state} = 'held' or (${items.state} = 'failed' and ${items.retryAt} <= ${now}))`;
  return db
    .selectDistinct({ id: sources.id })
    .from(sources)
    .innerJoin(items, eq(items.sourceId, sources.id))
    .where(and(inArray(sources.state, ["active", "gone"]), waits))
    .all()
    .map(({ id }) => id);
}

/** Figures of one source. */
export interface SourceCounts {
  /** Items by state. */
  held: number;
  queued: number;
  read: number;
  failed: number;
  gone: number;
  documents: number;
  /** Documents about which people are asked. */
  ask: number;
}

/** The figures of every source, by its id. */
export function countBySource(db: Database): Map<number, SourceCounts> {
  const all = new Map<number, SourceCounts>();
  const of = (id: number) => {
    const none = { held: 0, queued: 0, read: 0, failed: 0, gone: 0, documents: 0, ask: 0 };
    const counts = all.get(id) ?? none;
    all.set(id, counts);
    return counts;
  };
  for (const row of db
    .select({ id: items.sourceId, state: items.state, n: count() })
    .from(items)
    .groupBy(items.sourceId, items.state)
    .all()) {
    of(row.id)[row.state] = row.n;
  }
  for (const row of db
    .select({
      id: documents.sourceId,
      n: count(),
      ask: sql<number>`sum(${documents.consent} = 'ask' and ${documents.supersededBy} is null)`,
    })
    .from(documents)
    .where(isNotNull(documents.sourceId))
    .groupBy(documents.sourceId)
    .all()) {
    of(row.id!).documents = row.n;
    of(row.id!).ask = row.ask;
  }
  return all;
}
