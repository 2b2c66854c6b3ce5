import { and, asc, eq, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { controlItems, controlScores, rehearsals } from "./schema.ts";
import type { ProbeScore } from "./scores.ts";

export type ControlItemRow = typeof controlItems.$inferSelect;
export type NewControlItem = Omit<typeof controlItems.$inferInsert, "id">;
export type RehearsalRow = typeof rehearsals.$inferSelect;
export type NewRehearsal = Omit<typeof rehearsals.$inferInsert, "id">;

/** The control set of a base model, or one half of it, in the order it was made. */
export function listControl(
  db: Database,
  model: string,
  split?: ControlItemRow["split"],
): ControlItemRow[] {
  const own = eq(controlItems.model, model);
  return db
    .select()
    .from(controlItems)
    .where(split === undefined ? own : and(own, eq(controlItems.split, split)))
    .orderBy(asc(controlItems.id))
    .all();
}

export function addControl(db: Database, rows: NewControlItem[]): void {
  for (const row of rows) db.insert(controlItems).values(row).run();
}

/** Stores the scores of control items under a version; what was scored before is replaced. */
export function saveControlScores(
  db: Database,
  versionId: number,
  rows: (Omit<ProbeScore, "probeId"> & { itemId: number })[],
): void {
  for (const { itemId, logprob, tokens, exact } of rows) {
    db.insert(controlScores)
      .values({ versionId, itemId, logprob, tokens, exact })
      .onConflictDoUpdate({
        target: [controlScores.versionId, controlScores.itemId],
        set: { logprob, tokens, exact },
      })
      .run();
  }
}

/** What the base wrote to be practised, in the order it was made. */
export function listRehearsals(db: Database, model: string): RehearsalRow[] {
  return db
    .select()
    .from(rehearsals)
    .where(eq(rehearsals.model, model))
    .orderBy(asc(rehearsals.id))
    .all();
}

export function addRehearsals(db: Database, rows: NewRehearsal[]): void {
  for (const row of rows) db.insert(rehearsals).values(row).run();
}

/** How many rows there are to be practised, by form. */
export function countRehearsals(db: Database): { form: RehearsalRow["form"]; n: number }[] {
  return db
    .select({ form: rehearsals.form, n: sql<number>`count(*)` })
    .from(rehearsals)
    .groupBy(rehearsals.form)
    .all();
}
