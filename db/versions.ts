import { asc, desc, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { updates, versions } from "./schema.ts";

export type Version = typeof versions.$inferSelect;
export type NewVersion = Omit<typeof versions.$inferInsert, "id" | "createdAt">;

/** The version id under which the untouched base is scored. */
export const BASE_VERSION = 0;

export function addVersion(db: Database, version: NewVersion): Version {
  return db.insert(versions).values(version).returning().get();
}

export function getVersion(db: Database, id: number): Version | undefined {
  return db.select().from(versions).where(eq(versions.id, id)).get();
}

/** The version that answers now: the latest whose file can be used; none means the untouched base. */
export function currentVersion(db: Database): Version | undefined {
  return db
    .select()
    .from(versions)
    .where(isNull(versions.broken))
    .orderBy(desc(versions.id))
    .limit(1)
    .get();
}

/** Records why a version cannot be used: its parent answers in its place. */
export function breakVersion(db: Database, id: number, reason: string): void {
  db.update(versions).set({ broken: reason }).where(eq(versions.id, id)).run();
}

/** What each version taught, the oldest first; of a passage that was learned twice, the latest. */
export function taughtBy(
  db: Database,
): { versionId: number; updateId: number; passageId: number }[] {
  return db
    .select({
      versionId: sql<number>`max(${versions.id})`,
      updateId: sql<number>`max(${versions.updateId})`,
      passageId: updates.passageId,
    })
    .from(versions)
    .innerJoin(updates, eq(updates.id, versions.updateId))
    .groupBy(updates.passageId)
    .orderBy(sql`max(${versions.id})`)
    .all();
}

/** The version an update committed, if it committed one. */
export function versionOfUpdate(db: Database, updateId: number): Version | undefined {
  return db.select().from(versions).where(eq(versions.updateId, updateId)).get();
}

/** The lineage, the oldest first. */
export function listVersions(db: Database): Version[] {
  return db.select().from(versions).orderBy(asc(versions.id)).all();
}
