import { and, asc, desc, eq, ne } from "drizzle-orm";
import type { Database } from "./open.ts";
import { gates } from "./schema.ts";

export type Gate = typeof gates.$inferSelect;
export type NewGate = Omit<typeof gates.$inferInsert, "id" | "createdAt">;
export type GateVerdict = Gate["verdict"];
export type { ControlSummary, GateFigures, GateLoss } from "./schema.ts";

/** Stores what the gate said of a candidate at a scale; said again, it is replaced. */
export function saveGate(db: Database, row: NewGate): Gate {
  const { updateId, candidateId, scale } = row;
  db.delete(gates)
    .where(
      and(eq(gates.updateId, updateId), eq(gates.candidateId, candidateId), eq(gates.scale, scale)),
    )
    .run();
  return db.insert(gates).values(row).returning().get();
}

/** The trials of an update, in the order they were made. */
export function listGates(db: Database, updateId: number): Gate[] {
  return db.select().from(gates).where(eq(gates.updateId, updateId)).orderBy(asc(gates.id)).all();
}

/** The latest trials, the latest first. */
export function latestGates(db: Database, limit: number): Gate[] {
  return db.select().from(gates).orderBy(desc(gates.id)).limit(limit).all();
}

/** The trial that let the latest update pass. */
export function latestPass(db: Database): Gate | undefined {
  const passed = ne(gates.verdict, "reject");
  return db.select().from(gates).where(passed).orderBy(desc(gates.id)).limit(1).get();
}

/** How many of the latest updates before the gate were rejected one after another. */
export function rejectionsInARow(db: Database): number {
  const verdicts = new Map<number, boolean>();
  for (const { updateId, verdict } of latestGates(db, 200)) {
    if (verdicts.get(updateId) !== true) verdicts.set(updateId, verdict !== "reject");
  }
  let n = 0;
  for (const passed of verdicts.values()) {
    if (passed) break;
    n += 1;
  }
  return n;
}
