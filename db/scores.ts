import { and, eq, max, or, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { probes, scores, updates } from "./schema.ts";

export type ScoreRow = typeof scores.$inferSelect;
export interface ProbeScore {
  probeId: number;
  /** Sum over the answer's tokens of log p, in nats. */
  logprob: number;
  tokens: number;
  /** Every token of the answer was the likeliest. */
  exact: boolean;
}

/** How the report probes of one passage were answered under one version. */
export interface PassageScore {
  versionId: number;
  passageId: number;
  /** Share of the probes whose every token was the likeliest. */
  accuracy: number;
  /** Mean over the probes of log p per token, in nats. */
  logprob: number;
  probes: number;
}

const CHUNK = 500;

/** Stores the scores of probes under a version; what was scored before is replaced. */
export function saveScores(db: Database, versionId: number, rows: ProbeScore[]): void {
  for (let i = 0; i < rows.length; i += CHUNK) {
    db.insert(scores)
      .values(rows.slice(i, i + CHUNK).map((row) => ({ versionId, ...row })))
      .onConflictDoUpdate({
        target: [scores.versionId, scores.probeId],
        set: {
          logprob: sql`excluded.logprob`,
          tokens: sql`excluded.tokens`,
          exact: sql`excluded.exact`,
        },
      })
      .run();
  }
}

/** The scores of a passage's probes under a version, by probe. */
export function probeScores(
  db: Database,
  versionId: number,
  passageId: number,
): Map<number, ScoreRow> {
  const rows = db
    .select({ score: scores })
    .from(probes)
    .innerJoin(scores, and(eq(scores.probeId, probes.id), eq(scores.versionId, versionId)))
    .where(eq(probes.passageId, passageId))
    .all();
  return new Map(rows.map(({ score }) => [score.probeId, score]));
}

/** The score of each of these probes under the latest of these versions that it was asked under. */
export function latestScores(
  db: Database,
  probeIds: number[],
  versionIds: number[],
): Map<number, ProbeScore & { versionId: number }> {
  // Beside max() SQLite gives the other columns of the row that has it. The sign keeps it from looking up
  // every version of every probe: most were never asked under most.
  const rows = db.all<ProbeScore & { versionId: number }>(sql`
    SELECT probe_id AS probeId, max(version_id) AS versionId, logprob, tokens, exact
    FROM scores INDEXED BY scores_probe
    WHERE probe_id IN (SELECT value FROM json_each(${JSON.stringify(probeIds)}))
      AND +version_id IN (SELECT value FROM json_each(${JSON.stringify(versionIds)}))
    GROUP BY probe_id`);
  return new Map(rows.map((row) => [row.probeId, { ...row, exact: Boolean(row.exact) }]));
}

const SUMMARY = {
  versionId: scores.versionId,
  passageId: probes.passageId,
  accuracy: sql<number>`avg(${scores.exact})`,
  logprob: sql<number>`avg(${scores.logprob} / max(${scores.tokens}, 1))`,
  probes: sql<number>`count(*)`,
};

/** How the report probes of passages were answered under one version: sums, passage by passage. */
export interface PassageSums {
  passageIds: Uint32Array;
  probes: Uint32Array;
  /** How many were right, and the sum of log p per token, in nats. */
  right: Uint32Array;
  logprob: Float64Array;
}

/** The sums of every passage that was asked under a version. */
export function passageSums(db: Database, versionId: number): PassageSums {
  const rows = db.$client
    .prepare(
      `SELECT p.passage_id, count(*), sum(s.exact), sum(s.logprob / max(s.tokens, 1))
       FROM scores s JOIN probes p ON p.id = s.probe_id
       WHERE s.version_id = ? AND p.split = 'report' GROUP BY p.passage_id`,
    )
    .raw()
    .all(versionId) as [number, number, number, number][];
  return {
    passageIds: Uint32Array.from(rows, (row) => row[0]),
    probes: Uint32Array.from(rows, (row) => row[1]),
    right: Uint32Array.from(rows, (row) => row[2]),
    logprob: Float64Array.from(rows, (row) => row[3]),
  };
}

/** The versions that something was scored under since a row of the scores, and the last row. */
export function scoredSince(db: Database, row: number): { last: number; versions: number[] } {
  const last =
    db.get<{ last: number | null }>(sql`SELECT max(rowid) AS last FROM scores`).last ?? 0;
  if (row === 0 || last === row) return { last, versions: [] };
  const versions = db.all<{ id: number }>(
    sql`SELECT DISTINCT version_id AS id FROM scores WHERE rowid > ${row}`,
  );
  return { last, versions: versions.map(({ id }) => id) };
}

/**
 * The report scores of every passage under the version that its latest update began from, and
 * under the one that it committed: what was known before, and right after.
 */
export function scoresAroundUpdates(db: Database): PassageScore[] {
  const latest = db
    .select({ id: max(updates.id).as("latest_id") })
    .from(updates)
    .groupBy(updates.passageId)
    .as("latest");
  return db
    .select(SUMMARY)
    .from(latest)
    .innerJoin(updates, eq(updates.id, latest.id))
    .innerJoin(probes, and(eq(probes.passageId, updates.passageId), eq(probes.split, "report")))
    .innerJoin(
      scores,
      and(
        eq(scores.probeId, probes.id),
        or(
          eq(scores.versionId, sql`coalesce(${updates.parentVersionId}, 0)`),
          eq(scores.versionId, updates.versionId),
        ),
      ),
    )
    .groupBy(scores.versionId, probes.passageId)
    .all();
}
