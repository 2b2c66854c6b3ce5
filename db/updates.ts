import { and, asc, count, desc, eq, isNotNull, isNull } from "drizzle-orm";
import type { Database } from "./open.ts";
import { type STAGES, updates } from "./schema.ts";

export type Update = typeof updates.$inferSelect;
export type Stage = (typeof STAGES)[number];
export type Verdict = NonNullable<Update["verdict"]>;
export type UpdateChange = Partial<Omit<typeof updates.$inferInsert, "id" | "passageId">>;

export function getUpdate(db: Database, id: number): Update | undefined {
  return db.select().from(updates).where(eq(updates.id, id)).get();
}

/** The passage's update that has begun and not ended, or a new one. */
export function openUpdate(db: Database, passageId: number): Update {
  return (
    findOpenUpdate(db, passageId) ?? db.insert(updates).values({ passageId }).returning().get()
  );
}

/** The passage's update that has begun and not ended: what a crash left to be resumed. */
export function findOpenUpdate(db: Database, passageId: number): Update | undefined {
  return db
    .select()
    .from(updates)
    .where(and(eq(updates.passageId, passageId), isNull(updates.finishedAt)))
    .orderBy(desc(updates.id))
    .limit(1)
    .get();
}

/** Every update that has begun and not ended. */
export function openUpdates(db: Database): Update[] {
  return db.select().from(updates).where(isNull(updates.finishedAt)).orderBy(asc(updates.id)).all();
}

/** In place of a lead's id: it waits for others to be learned with; it is learned alone, whoever waits. */
export const PREPARED = -1;
export const ALONE = 0;

/** The updates that wait to be trained together, in the order in which they were prepared. */
export function preparedUpdates(db: Database): Update[] {
  return membersOf(db, PREPARED);
}

/** The open updates that are trained in another one. */
export function membersOf(db: Database, leadId: number): Update[] {
  return db
    .select()
    .from(updates)
    .where(and(eq(updates.leadId, leadId), isNull(updates.finishedAt)))
    .orderBy(asc(updates.id))
    .all();
}

/** Changes an update and returns it. */
export function changeUpdate(db: Database, id: number, change: UpdateChange): Update {
  return db.update(updates).set(change).where(eq(updates.id, id)).returning().get();
}

/** Updates in the order they began. */
export function listUpdates(db: Database): Update[] {
  return db.select().from(updates).orderBy(asc(updates.id)).all();
}

/** The latest updates, the latest first. */
export function latestUpdates(db: Database, limit = 50): Update[] {
  return db.select().from(updates).orderBy(desc(updates.id)).limit(limit).all();
}

/** A passage's updates, the latest first. */
export function updatesOfPassage(db: Database, passageId: number): Update[] {
  return db
    .select()
    .from(updates)
    .where(eq(updates.passageId, passageId))
    .orderBy(desc(updates.id))
    .all();
}

/** How many updates ended with each verdict. */
export function countVerdicts(db: Database): Partial<Record<Verdict, number>> {
  const rows = db
    .select({ verdict: updates.verdict, n: count() })
    .from(updates)
    .where(isNotNull(updates.verdict))
    .groupBy(updates.verdict)
    .all();
  return Object.fromEntries(rows.map(({ verdict, n }) => [verdict, n]));
}
