import { and, asc, desc, eq, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { Database } from "./open.ts";
import { passages, refitPassages, refits, updates } from "./schema.ts";

export type Refit = typeof refits.$inferSelect;
export type RefitKind = Refit["kind"];
export type RefitStage = Refit["stage"];
export type NewRefit = Pick<Refit, "kind"> &
  Partial<Pick<Refit, "subject" | "ofVersionId" | "stage">>;
export type RefitChange = Partial<Omit<typeof refits.$inferInsert, "id" | "kind">>;
export type RefitPassage = typeof refitPassages.$inferSelect;
export type { Standing, UnlearnProof } from "./schema.ts";

const CHUNK = 1000;

export function addRefit(db: Database, refit: NewRefit): Refit {
  return db.insert(refits).values(refit).returning().get();
}

export function getRefit(db: Database, id: number): Refit | undefined {
  return db.select().from(refits).where(eq(refits.id, id)).get();
}

/** Changes a refit and returns it. */
export function changeRefit(db: Database, id: number, change: RefitChange): Refit {
  return db.update(refits).set(change).where(eq(refits.id, id)).returning().get();
}

/** The latest refits, the latest first. */
export function listRefits(db: Database, limit = 20): Refit[] {
  return db.select().from(refits).orderBy(desc(refits.id)).limit(limit).all();
}

/** Refits that wait or are under way, in the order in which they were asked for. */
export function openRefits(db: Database): Refit[] {
  return db.select().from(refits).where(isNull(refits.finishedAt)).orderBy(asc(refits.id)).all();
}

/** The latest refit of a kind that came to its end, whatever that was. */
export function lastRefit(db: Database, kind: RefitKind): Refit | undefined {
  return db
    .select()
    .from(refits)
    .where(and(eq(refits.kind, kind), isNotNull(refits.finishedAt)))
    .orderBy(desc(refits.id))
    .limit(1)
    .get();
}

/** Replaces the passages of one role. */
export function setRefitPassages(
  db: Database,
  refitId: number,
  role: RefitPassage["role"],
  list: { passageId: number; updateId?: number; anchorVersion?: number }[],
): void {
  db.delete(refitPassages)
    .where(and(eq(refitPassages.refitId, refitId), eq(refitPassages.role, role)))
    .run();
  for (let i = 0; i < list.length; i += CHUNK) {
    const rows = list.slice(i, i + CHUNK).map((row) => ({ refitId, role, ...row }));
    db.insert(refitPassages).values(rows).run();
  }
}

/** The passages of a refit in one role, by id. */
export function refitPassagesOf(
  db: Database,
  refitId: number,
  role: RefitPassage["role"],
): RefitPassage[] {
  return db
    .select()
    .from(refitPassages)
    .where(and(eq(refitPassages.refitId, refitId), eq(refitPassages.role, role)))
    .orderBy(asc(refitPassages.passageId))
    .all();
}

/** How many passages a refit keeps and drops. */
export function countRefitPassages(db: Database, refitId: number): { keep: number; drop: number } {
  const rows = db
    .select({ role: refitPassages.role, n: sql<number>`count(*)` })
    .from(refitPassages)
    .where(eq(refitPassages.refitId, refitId))
    .groupBy(refitPassages.role)
    .all();
  return { keep: 0, drop: 0, ...Object.fromEntries(rows.map(({ role, n }) => [role, n])) };
}

/** What a version knows of a passage: by which update, and after which version it is compared. */
export interface Taught {
  passageId: number;
  updateId: number;
  /** The version right after it was taught. */
  anchor: number;
}

/**
 * What the versions of a lineage taught; of a passage that was taught twice, the later update. The
 * first version of a lineage may be a refit, which knows what it was fitted on.
 */
export function taughtIn(
  db: Database,
  lineage: { id: number; refitId: number | null }[],
): Map<number, Taught> {
  const found = new Map<number, Taught>();
  const root = lineage[0];
  const refit = root?.refitId == null ? undefined : getRefit(db, root.refitId);
  if (root && refit) {
    for (const { passageId, updateId, anchorVersion } of refitPassagesOf(db, refit.id, "keep")) {
      // On another base model everything is compared with how it was learned there.
      const anchor = refit.kind === "move" ? root.id : anchorVersion!;
      found.set(passageId, { passageId, updateId: updateId!, anchor });
    }
  }
  const ids = lineage.map(({ id }) => id);
  for (let i = 0; i < ids.length; i += CHUNK) {
    const rows = db
      .select({ passageId: updates.passageId, updateId: updates.id, anchor: updates.versionId })
      .from(updates)
      .where(inArray(updates.versionId, ids.slice(i, i + CHUNK)))
      .orderBy(asc(updates.versionId), asc(updates.id))
      .all();
    for (const row of rows) found.set(row.passageId, { ...row, anchor: row.anchor! });
  }
  return found;
}

/**
 * The passages that versions of a lineage were trained on: what they taught, and what was trained
 * together with that and did not count as learned.
 */
export function trainedIn(db: Database, lineage: { id: number; refitId: number | null }[]) {
  const found = new Set(taughtIn(db, lineage).keys());
  const leads = alias(updates, "leads");
  const ids = lineage.map(({ id }) => id);
  for (let i = 0; i < ids.length; i += CHUNK) {
    const rows = db
      .select({ passageId: updates.passageId })
      .from(updates)
      .innerJoin(leads, eq(leads.id, updates.leadId))
      .where(inArray(leads.versionId, ids.slice(i, i + CHUNK)))
      .all();
    for (const { passageId } of rows) found.add(passageId);
  }
  return found;
}

/** The passages that count as learned, whichever version taught them, by their latest update. */
export function learnedPassages(db: Database): Taught[] {
  return db
    .select({
      passageId: updates.passageId,
      updateId: sql<number>`max(${updates.id})`,
      anchor: sql<number>`max(${updates.versionId})`,
    })
    .from(updates)
    .innerJoin(passages, eq(passages.id, updates.passageId))
    .where(and(isNotNull(updates.versionId), eq(passages.decision, "learned")))
    .groupBy(updates.passageId)
    .all();
}
