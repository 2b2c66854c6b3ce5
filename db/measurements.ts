import { and, asc, desc, eq, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { beliefs, measurements } from "./schema.ts";
import { BASE_VERSION, currentVersion } from "./versions.ts";

export type Measurement = typeof measurements.$inferSelect;
export type NewMeasurement = Omit<typeof measurements.$inferInsert, "id" | "createdAt">;
export type Belief = typeof beliefs.$inferSelect;
export type NewBelief = Omit<typeof beliefs.$inferInsert, "id">;
export type { Estimate, MemoryFigures, RetentionByAge } from "./schema.ts";

/** Stores a measurement; one of the same kind under the same version is replaced. */
export function saveMeasurement(db: Database, row: NewMeasurement): void {
  const { versionId, kind, ...rest } = row;
  db.delete(measurements)
    .where(and(eq(measurements.versionId, versionId), eq(measurements.kind, kind)))
    .run();
  db.insert(measurements)
    .values({ versionId, kind, ...rest })
    .run();
}

/**
 * The measurement that holds: of the version that answers now, a sweep of everything before a sample;
 * while there is none of it, the one that was made last.
 */
export function latestMeasurement(db: Database): Measurement | undefined {
  const current = currentVersion(db)?.id ?? BASE_VERSION;
  return db
    .select()
    .from(measurements)
    .orderBy(
      sql`${measurements.versionId} = ${current} desc`,
      sql`case when ${measurements.versionId} = ${current} then ${measurements.kind} end desc`,
      desc(measurements.id),
    )
    .limit(1)
    .get();
}

/** At most so many measurements, evenly spread over the versions, the oldest first. */
export function listMeasurements(db: Database, limit: number): Measurement[] {
  const n = db.select({ n: sql<number>`count(*)` }).from(measurements).get()!.n;
  const every = Math.max(1, Math.ceil(n / limit));
  const ids = db
    .select({ id: measurements.id })
    .from(measurements)
    .orderBy(asc(measurements.versionId), asc(measurements.kind))
    .all()
    .filter((_, i) => i % every === 0 || i === n - 1)
    .map(({ id }) => id);
  return ids.map((id) => db.select().from(measurements).where(eq(measurements.id, id)).get()!);
}

/** Mean of the terms R[i−1, i] − b_i of all versions. */
export function meanForward(db: Database): { mean: number | null; n: number } {
  return db
    .select({
      mean: sql<number | null>`avg(${measurements.forward})`,
      n: sql<number>`count(${measurements.forward})`,
    })
    .from(measurements)
    .where(eq(measurements.kind, "sample"))
    .get()!;
}

/** Replaces what is believed wrongly under a version. */
export function saveBeliefs(db: Database, versionId: number, rows: NewBelief[]): void {
  db.delete(beliefs).where(eq(beliefs.versionId, versionId)).run();
  for (const row of rows) db.insert(beliefs).values(row).run();
}

/** The wrong beliefs that were found under a version, the surest first. */
export function listBeliefs(db: Database, versionId: number, limit: number): Belief[] {
  return db
    .select()
    .from(beliefs)
    .where(eq(beliefs.versionId, versionId))
    .orderBy(desc(beliefs.probability))
    .limit(limit)
    .all();
}
