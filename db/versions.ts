import { asc, desc, eq, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { refits, updates, versions } from "./schema.ts";
import { getSetting, setSetting } from "./settings.ts";

export type Version = typeof versions.$inferSelect;
export type NewVersion = Omit<typeof versions.$inferInsert, "id" | "createdAt">;

/** The version id under which the untouched base is scored. */
export const BASE_VERSION = 0;
/** The setting that says which version answers. */
const CURRENT = "version.current";

/** Records a version; {@link pointTo} lets it answer. */
export function addVersion(db: Database, version: NewVersion): Version {
  return db.insert(versions).values(version).returning().get();
}

export function getVersion(db: Database, id: number): Version | undefined {
  return db.select().from(versions).where(eq(versions.id, id)).get();
}

/**
 * The version that answers now: the one that was chosen or committed last, or what answers in its
 * place where that cannot be used; none means the untouched base.
 */
export function currentVersion(db: Database): Version | undefined {
  const id = getSetting(db, CURRENT);
  const version = typeof id === "number" ? getVersion(db, id) : latestUsable(db);
  return version && (isUsable(version) ? version : standIn(db, version));
}

/** Lets a version answer from now on, or the untouched base: {@link BASE_VERSION}. */
export function pointTo(db: Database, id: number): void {
  setSetting(db, CURRENT, id);
}

/** Whether its adapter is there, as far as is known, and belongs to the base model of now. */
export function isUsable({ broken, prunedAt, model }: Version): boolean {
  return broken === null && prunedAt === null && model === null;
}

/** What answers in a version's place where that cannot be used; none is the untouched base. */
export function standIn(db: Database, version: Version): Version | undefined {
  let next = before(db, version);
  while (next && !isUsable(next)) next = before(db, next);
  return next;
}

/**
 * A version's parent; of one that a refit made, the version whose place it took, unless that still
 * knows what was to be unlearned.
 */
function before(db: Database, version: Version): Version | undefined {
  const { parentId, replaces, refitId } = version;
  if (parentId !== null) return getVersion(db, parentId);
  if (replaces === null || refitId === null) return undefined;
  const refit = db.select({ kind: refits.kind }).from(refits).where(eq(refits.id, refitId)).get();
  return refit?.kind === "unlearn" ? undefined : getVersion(db, replaces);
}

/** From the first version that was trained from the base to this one, each the next one's parent. */
export function lineageOf(db: Database, id: number): Version[] {
  return ancestry(db, id, sql`v.parent_id`);
}

/** The same, and before it what answered until a refit took its place: all that was looked at on the way. */
export function historyOf(db: Database, id: number): Version[] {
  return ancestry(db, id, sql`coalesce(v.parent_id, v.replaces)`);
}

/** Records why a version cannot be used: another one answers in its place; null if it can be again. */
export function breakVersion(db: Database, id: number, reason: string | null): void {
  db.update(versions).set({ broken: reason }).where(eq(versions.id, id)).run();
}

export function pinVersion(db: Database, id: number, pinned: boolean): void {
  db.update(versions).set({ pinned }).where(eq(versions.id, id)).run();
}

/** Records that a version's adapter is removed; the row stays. */
export function pruneVersion(db: Database, id: number, at: number): void {
  db.update(versions).set({ prunedAt: at }).where(eq(versions.id, id)).run();
}

/**
 * Sets aside what belongs to the base model of until now, and takes up what belongs to the one of now.
 * @param before and @param now fingerprints
 */
export function changeVersionsModel(db: Database, before: string, now: string): void {
  db.update(versions).set({ model: before }).where(isNull(versions.model)).run();
  db.update(versions).set({ model: null }).where(eq(versions.model, now)).run();
}

/** What each version taught, the oldest first; of a passage that was learned twice, the latest. */
export function taughtBy(
  db: Database,
): { versionId: number; updateId: number; passageId: number }[] {
  return db
    .select({
      versionId: sql<number>`max(${updates.versionId})`,
      updateId: sql<number>`max(${updates.id})`,
      passageId: updates.passageId,
    })
    .from(updates)
    .where(isNotNull(updates.versionId))
    .groupBy(updates.passageId)
    .orderBy(sql`max(${updates.versionId})`)
    .all();
}

/** Whether some version has this adapter. */
export function hasFile(db: Database, file: string): boolean {
  const row = db.select({ id: versions.id }).from(versions).where(eq(versions.file, file)).get();
  return row !== undefined;
}

/** Every version, the oldest first. */
export function listVersions(db: Database): Version[] {
  return db.select().from(versions).orderBy(asc(versions.id)).all();
}

/** Before there was a choice, the latest answered. */
function latestUsable(db: Database): Version | undefined {
  return db
    .select()
    .from(versions)
    .where(
      sql`${versions.broken} is null and ${versions.prunedAt} is null and ${versions.model} is null`,
    )
    .orderBy(desc(versions.id))
    .limit(1)
    .get();
}

function ancestry(db: Database, id: number, parent: ReturnType<typeof sql>): Version[] {
  const line = sql`(with recursive line(id) as (select ${id} union select ${parent} from versions v join line on v.id = line.id where ${parent} is not null) select id from line)`;
  return db
    .select()
    .from(versions)
    .where(inArray(versions.id, line))
    .orderBy(asc(versions.id))
    .all();
}
