import { asc, desc, eq } from "drizzle-orm";
import type { Database } from "./open.ts";
import { versions } from "./schema.ts";

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

/** The version that answers now; none means the untouched base. */
export function currentVersion(db: Database): Version | undefined {
  return db.select().from(versions).orderBy(desc(versions.id)).limit(1).get();
}

/** The version an update committed, if it committed one. */
export function versionOfUpdate(db: Database, updateId: number): Version | undefined {
  return db.select().from(versions).where(eq(versions.updateId, updateId)).get();
}

/** The lineage, the oldest first. */
export function listVersions(db: Database): Version[] {
  return db.select().from(versions).orderBy(asc(versions.id)).all();
}
