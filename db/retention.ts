import { and, asc, eq, gt, inArray, isNull, lte, notInArray, type SQL, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import type { Probe } from "./probes.ts";
import { passages, probes, retention, scores, updates } from "./schema.ts";
import type { ProbeScore } from "./scores.ts";
import { BASE_VERSION } from "./versions.ts";

export type Retention = typeof retention.$inferSelect;
export type Role = Retention["role"];
export type NewRetention = typeof retention.$inferInsert;
export type RetentionChange = Partial<Omit<NewRetention, "probeId">>;

/** Of a probe that could be asked: what decides how likely it is, and what it is compared with. */
export interface Askable {
  probeId: number;
  passageId: number;
  role: Role;
  kind: Retention["kind"];
  anchorVersion: number;
  lastExact: boolean;
}

const CHUNK = 500;

/** Begins, or begins anew, the history of probes. */
export function saveRetention(db: Database, rows: NewRetention[]): void {
  for (const row of rows) {
    const { probeId, ...rest } = row;
    const fresh = { looks: 0, failures: 0, due: null, stability: null, difficulty: null };
    const unseen = { reps: 0, lapses: 0, phase: 0, reviewedVersion: null };
    db.insert(retention)
      .values(row)
      .onConflictDoUpdate({ target: retention.probeId, set: { ...fresh, ...unseen, ...rest } })
      .run();
  }
}

export function changeRetention(db: Database, probeId: number, change: RetentionChange): void {
  db.update(retention).set(change).where(eq(retention.probeId, probeId)).run();
}

/**
 * Every probe of a split whose answer still holds, of all examined passages, by id. Of large instances that is
 * much: rows are read as they are, without objects in between.
 */
export function listAskable(db: Database, split: Retention["split"]): Askable[] {
  const statement = db.$client.prepare(
    `SELECT r.probe_id, r.passage_id, r.role, r.kind, r.anchor_version, r.last_exact
     FROM retention r
     JOIN probes p ON p.id = r.probe_id AND p.superseded_by IS NULL
     JOIN passages a ON a.id = r.passage_id AND a.decision IN ('learned', 'known', 'rejected', 'skipped')
     WHERE r.split = ? ORDER BY r.probe_id`,
  );
  const rows = statement.raw().all(split) as [
    number,
    number,
    Role,
    Retention["kind"],
    number,
    number,
  ][];
  return rows.map(([probeId, passageId, role, kind, anchorVersion, lastExact]) => ({
    probeId,
    passageId,
    role,
    kind,
    anchorVersion,
    lastExact: lastExact === 1,
  }));
}

/** Probes with their history, by id; unknown ids are left out. */
export function getRetained(db: Database, ids: number[]): { probe: Probe; retention: Retention }[] {
  const found: { probe: Probe; retention: Retention }[] = [];
  for (let i = 0; i < ids.length; i += CHUNK) {
    found.push(
      ...db
        .select({ probe: probes, retention })
        .from(retention)
        .innerJoin(probes, eq(probes.id, retention.probeId))
        .where(inArray(retention.probeId, ids.slice(i, i + CHUNK)))
        .all(),
    );
  }
  return found.sort((a, b) => a.probe.id - b.probe.id);
}

/**
 * Reward probes of learned passages that are due at a version, hardest first: those that were wrong
 * when they were last looked at, the least likely first; then the others, the longest overdue first.
 */
export function listDue(
  db: Database,
  version: number,
  limit: number,
): { probe: Probe; retention: Retention }[] {
  return db
    .select({ probe: probes, retention })
    .from(retention)
    .innerJoin(probes, eq(probes.id, retention.probeId))
    .innerJoin(passages, eq(passages.id, retention.passageId))
    .where(
      and(
        eq(retention.split, "reward"),
        eq(retention.role, "learned"),
        lte(retention.due, version),
        isNull(probes.supersededBy),
        eq(passages.decision, "learned"),
      ),
    )
    .orderBy(
      asc(retention.lastExact),
      sql`case when ${retention.lastExact} then ${retention.due} else ${retention.lastLogprob} end`,
      asc(retention.probeId),
    )
    .limit(limit)
    .all();
}

/** By passage, the version that its probes are compared with, and as what. */
export function anchorsOf(db: Database): Map<number, { version: number; role: Role }> {
  const rows = db
    .selectDistinct({
      passageId: retention.passageId,
      version: retention.anchorVersion,
      role: retention.role,
    })
    .from(retention)
    .all();
  return new Map(rows.map(({ passageId, ...rest }) => [passageId, rest]));
}

/** Lets every probe's last look be the last one that was taken under these versions. */
export function rewindLooks(db: Database, versions: number[]): void {
  db.run(sql`
    UPDATE retention SET
      last_version = s.version_id, last_exact = s.exact, last_logprob = s.logprob
    FROM (
      SELECT probe_id, max(version_id) AS version_id, exact, logprob / max(tokens, 1) AS logprob
      FROM scores WHERE version_id IN (SELECT value FROM json_each(${JSON.stringify(versions)}))
      GROUP BY probe_id
    ) s WHERE s.probe_id = retention.probe_id`);
}

/** The base's scores of probes, where it is another base than before. */
export function changeBase(
  db: Database,
  rows: { probeId: number; exact: boolean; logprob: number }[],
): void {
  for (const { probeId, exact, logprob } of rows) {
    changeRetention(db, probeId, { baseExact: exact, baseLogprob: logprob });
  }
}

/** How many probes are due at a version, and when the next one is. */
export function countDue(db: Database, version: number): { due: number; next: number | null } {
  const own = and(eq(retention.split, "reward"), eq(retention.role, "learned"));
  const due = db
    .select({ n: sql<number>`count(*)` })
    .from(retention)
    .where(and(own, lte(retention.due, version)))
    .get()!.n;
  const next = db
    .select({ at: sql<number | null>`min(${retention.due})` })
    .from(retention)
    .where(and(own, gt(retention.due, version)))
    .get()!.at;
  return { due, next };
}

/** How many passages were examined, by what became of them. */
export function countRoles(db: Database): Record<Role, number> {
  const rows = db
    .select({ role: retention.role, n: sql<number>`count(distinct ${retention.passageId})` })
    .from(retention)
    .where(eq(retention.split, "report"))
    .groupBy(retention.role)
    .all();
  return {
    learned: 0,
    known: 0,
    rejected: 0,
    ...Object.fromEntries(rows.map((it) => [it.role, it.n])),
  };
}

/** How passages' report probes stood when they were last looked at. */
export interface LastScore {
  passageId: number;
  accuracy: number;
  logprob: number;
  probes: number;
}

/** Of these passages, or of all. */
export function lastScores(db: Database, passageIds?: number[]): Map<number, LastScore> {
  const rows = db
    .select({
      passageId: retention.passageId,
      accuracy: sql<number>`avg(${retention.lastExact})`,
      logprob: sql<number>`avg(${retention.lastLogprob})`,
      probes: sql<number>`count(*)`,
    })
    .from(retention)
    .where(
      and(eq(retention.split, "report"), passageIds && inArray(retention.passageId, passageIds)),
    )
    .groupBy(retention.passageId)
    .all();
  return new Map(rows.map((row) => [row.passageId, row]));
}

/**
 * Passages that were examined before such histories were kept, with their latest update: a few at a
 * time.
 */
export function unretained(db: Database, limit: number) {
  const kept = db.selectDistinct({ id: retention.passageId }).from(retention);
  return db
    .select({
      passageId: passages.id,
      decision: passages.decision,
      parentVersionId: updates.parentVersionId,
      versionId: updates.versionId,
    })
    .from(passages)
    .innerJoin(
      updates,
      sql`${updates.id} = (select max(u.id) from updates u where u.passage_id = ${passages.id} and u.finished_at is not null)`,
    )
    .where(
      and(
        inArray(passages.decision, ["learned", "known", "rejected"]),
        notInArray(passages.id, kept),
        sql`exists (select 1 from probes where probes.passage_id = ${passages.id})`,
      ),
    )
    .orderBy(asc(passages.id))
    .limit(limit)
    .all();
}

/** The scores of a passage's probes under the base and under one version, as far as both are known. */
export function scoresUnder(
  db: Database,
  passageId: number,
  versionId: number,
): { probe: Probe; base: ProbeScore; anchor: ProbeScore }[] {
  const rows = db
    .select({ probe: probes, score: scores })
    .from(probes)
    .innerJoin(scores, eq(scores.probeId, probes.id))
    .where(
      and(eq(probes.passageId, passageId), inArray(scores.versionId, [BASE_VERSION, versionId])),
    )
    .orderBy(asc(probes.id))
    .all();
  return [...Map.groupBy(rows, ({ probe }) => probe.id).values()].flatMap((own) => {
    const base = own.find(({ score }) => score.versionId === BASE_VERSION)?.score;
    const anchor = own.find(({ score }) => score.versionId === versionId)?.score;
    return base && anchor ? [{ probe: own[0]!.probe, base, anchor }] : [];
  });
}

/**
 * From now on, losses are counted from how each probe stood when it was last looked at.
 * @returns how many probes changed, and how many of them had been right
 */
export function acceptPresent(db: Database): { changed: number; lost: number } {
  const differs = sql`${retention.anchorExact} != ${retention.lastExact}`;
  const count = (where: SQL) =>
    db.select({ n: sql<number>`count(*)` }).from(retention).where(where).get()!.n;
  const lost = count(and(differs, eq(retention.anchorExact, true))!);
  const changed = count(differs);
  db.update(retention)
    .set({ anchorExact: sql`${retention.lastExact}`, anchorLogprob: sql`${retention.lastLogprob}` })
    .run();
  return { changed, lost };
}
