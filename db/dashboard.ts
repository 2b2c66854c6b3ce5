/** What the pages ask of the database, beyond the queries of each table's own file. */
import { and, asc, count, desc, eq, inArray, isNotNull, like, max, not, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import type { ProbeKind } from "./probes.ts";
import { lastScores } from "./retention.ts";
import { documents, measurements, passages, probes, scores, updates, versions } from "./schema.ts";
import type { Update } from "./updates.ts";
import { BASE_VERSION, currentVersion } from "./versions.ts";

/** A passage with its document. */
export type PassageOverview = typeof passages.$inferSelect & {
  documentTitle: string;
  source: string;
};

/** An update with its passage's title. */
export type UpdateOverview = Update & { title: string };

/** Report probes answered under one version. */
export interface ExamScore {
  accuracy: number;
  /** Mean over the probes of log p per token, in nats. */
  logprob: number;
}

/** The exam of a passage around its latest update, and under the version that answers now. */
export interface ExamScores {
  before?: ExamScore;
  after?: ExamScore;
  now?: ExamScore;
}

/** Changes whenever this connection or another one has written something. */
export function changeCounter(db: Database): string {
  const others = db.$client.pragma("data_version", { simple: true });
  const own = db.$client.prepare("SELECT total_changes()").pluck().get();
  return `${others}.${own}`;
}

/** Changes whenever the accuracy matrix may have: a few look-ups, however large it is. */
export function memoryRevision(db: Database): string {
  const version =
    db
      .select({ id: max(versions.id) })
      .from(versions)
      .get()?.id ?? 0;
  const score = db.select({ id: sql<number | null>`max(rowid)` }).from(scores).get()?.id ?? 0;
  const measured =
    db
      .select({ id: max(measurements.id) })
      .from(measurements)
      .get()?.id ?? 0;
  return `${version}.${currentVersion(db)?.id ?? BASE_VERSION}.${score}.${measured}`;
}

/** How many rows and columns the accuracy matrix has: versions, and passages that some version taught. */
export function matrixSize(db: Database): { rows: number; columns: number } {
  const taught = sql<number>`count(distinct ${updates.passageId})`;
  return {
    rows: db.select({ n: count() }).from(versions).get()!.n,
    columns: db.select({ n: taught }).from(updates).where(isNotNull(updates.versionId)).get()!.n,
  };
}

/** A stretch of all passages: the one studied last first, then those that wait, in their order. */
export function passageOverviews(
  db: Database,
  options: { limit: number; offset?: number },
): PassageOverview[] {
  const studied = db
    .select({ passageId: updates.passageId, last: max(updates.id).as("last") })
    .from(updates)
    .groupBy(updates.passageId)
    .as("studied");
  return db
    .select({ passages, documents })
    .from(passages)
    .innerJoin(documents, eq(passages.documentId, documents.id))
    .leftJoin(studied, eq(studied.passageId, passages.id))
    .orderBy(sql`${studied.last} desc nulls last`, asc(passages.id))
    .limit(options.limit)
    .offset(options.offset ?? 0)
    .all()
    .map(withDocument);
}

export function passageOverview(db: Database, id: number): PassageOverview | undefined {
  const row = db
    .select()
    .from(passages)
    .innerJoin(documents, eq(passages.documentId, documents.id))
    .where(eq(passages.id, id))
    .get();
  return row && withDocument(row);
}

/** How many passages a document has. */
export function countSiblings(db: Database, documentId: number): number {
  const ofDocument = eq(passages.documentId, documentId);
  return db.select({ n: count() }).from(passages).where(ofDocument).get()!.n;
}

/** How many probes these passages have, by kind. */
export function probeKinds(
  db: Database,
  passageIds: number[],
): Map<number, { kinds: ProbeKind[]; probes: number }> {
  const rows = db
    .select({ passageId: probes.passageId, kind: probes.kind, n: count() })
    .from(probes)
    .where(inArray(probes.passageId, passageIds))
    .groupBy(probes.passageId, probes.kind)
    .all();
  const byPassage = [...Map.groupBy(rows, (row) => row.passageId)];
  return new Map(
    byPassage.map(([id, list]) => [
      id,
      { kinds: list.map(({ kind }) => kind), probes: list.reduce((sum, { n }) => sum + n, 0) },
    ]),
  );
}

/**
 * The exams of these passages: under the version that the latest update began from, under the one
 * that it committed, and when they were last looked at. The figures are those of the report.
 */
export function examScores(db: Database, passageIds: number[]): Map<number, ExamScores> {
  const latest = db
    .select({ id: max(updates.id).as("latest_id") })
    .from(updates)
    .where(inArray(updates.passageId, passageIds))
    .groupBy(updates.passageId)
    .as("latest");
  const around = db
    .select({
      passageId: updates.passageId,
      before: sql<number>`coalesce(${updates.parentVersionId}, ${BASE_VERSION})`,
      after: updates.versionId,
    })
    .from(latest)
    .innerJoin(updates, eq(updates.id, latest.id))
    .all();
  const wanted = new Set(around.flatMap(({ before, after }) => [before, after ?? before]));
  const rows = db
    .select({
      passageId: probes.passageId,
      versionId: scores.versionId,
      accuracy: sql<number>`avg(${scores.exact})`,
      logprob: sql<number>`avg(${scores.logprob} / max(${scores.tokens}, 1))`,
    })
    .from(probes)
    .innerJoin(scores, eq(scores.probeId, probes.id))
    .where(
      and(
        inArray(probes.passageId, passageIds),
        eq(probes.split, "report"),
        inArray(scores.versionId, [...wanted]),
      ),
    )
    .groupBy(probes.passageId, scores.versionId)
    .all();
  const found = new Map(rows.map((row) => [`${row.passageId}/${row.versionId}`, row]));
  const last = lastScores(db, passageIds);
  return new Map(
    around.map(({ passageId, before, after }) => [
      passageId,
      {
        before: found.get(`${passageId}/${before}`),
        after: after === null ? undefined : found.get(`${passageId}/${after}`),
        now: last.get(passageId),
      },
    ]),
  );
}

/** The latest updates with their passages' titles, the latest first. */
export function updateOverviews(db: Database, limit: number): UpdateOverview[] {
  return db
    .select({ update: updates, title: passages.title })
    .from(updates)
    .innerJoin(passages, eq(updates.passageId, passages.id))
    .orderBy(desc(updates.id))
    .limit(limit)
    .all()
    .map(({ update, title }) => ({ ...update, title }));
}

export function countUpdates(db: Database): { updates: number; versions: number } {
  return {
    updates: db.select({ n: count() }).from(updates).get()!.n,
    versions: db.select({ n: count() }).from(versions).get()!.n,
  };
}

/** Whether anything but the demo's own news has been read. */
export function hasRealDocument(db: Database): boolean {
  const real = not(like(documents.source, "demo:%"));
  return db.select({ id: documents.id }).from(documents).where(real).limit(1).get() !== undefined;
}

function withDocument(row: {
  passages: typeof passages.$inferSelect;
  documents: typeof documents.$inferSelect;
}): PassageOverview {
  const { title, source } = row.documents;
  return { ...row.passages, documentTitle: title, source };
}
