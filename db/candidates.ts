import { and, asc, eq, inArray, lt, max, or, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { candidates, gates, type PROMPT_KINDS, passages, updates, versions } from "./schema.ts";

export type Candidate = typeof candidates.$inferSelect;
export type EditKind = Candidate["kind"];
/** What a writer can be asked for. */
export type PromptKind = (typeof PROMPT_KINDS)[number];
export type EditOrigin = Candidate["origin"];
export type NewCandidate = Pick<Candidate, "updateId" | "ordinal" | "kind" | "lines"> &
  Partial<Pick<Candidate, "origin" | "policyId" | "prompt" | "completions">>;
export type CandidateChange = Partial<Omit<typeof candidates.$inferInsert, "id" | "updateId">>;

/** Replaces an update's candidates. */
export function replaceCandidates(db: Database, updateId: number, rows: NewCandidate[]): void {
  db.delete(candidates).where(eq(candidates.updateId, updateId)).run();
  if (rows.length > 0) db.insert(candidates).values(rows).run();
}

/** An update's candidates by ordinal. */
export function listCandidates(db: Database, updateId: number): Candidate[] {
  return db
    .select()
    .from(candidates)
    .where(eq(candidates.updateId, updateId))
    .orderBy(asc(candidates.ordinal))
    .all();
}

export function getCandidate(db: Database, id: number): Candidate | undefined {
  return db.select().from(candidates).where(eq(candidates.id, id)).get();
}

export function changeCandidate(db: Database, id: number, change: CandidateChange): void {
  db.update(candidates).set(change).where(eq(candidates.id, id)).run();
}

/**
 * Ids of the updates that were committed before this one, of passages that still count as learned, in
 * order: what can be replayed.
 */
export function committedUpdateIds(db: Database, beforeUpdateId: number): number[] {
  return db
    .select({ id: updates.id })
    .from(updates)
    .innerJoin(passages, and(eq(passages.id, updates.passageId), eq(passages.decision, "learned")))
    .where(and(eq(updates.verdict, "commit"), lt(updates.id, beforeUpdateId)))
    .orderBy(asc(updates.id))
    .all()
    .map((row) => row.id);
}

/** The latest committed update of each of these passages. */
export function committedUpdatesOf(db: Database, passageIds: number[]): number[] {
  return db
    .select({ id: max(updates.id) })
    .from(updates)
    .where(and(eq(updates.verdict, "commit"), inArray(updates.passageId, passageIds)))
    .groupBy(updates.passageId)
    .all()
    .flatMap(({ id }) => (id === null ? [] : [id]));
}

/** What an earlier, committed update was trained on. */
export interface StudyMaterial {
  updateId: number;
  passageId: number;
  title: string;
  text: string;
  lines: string[];
}

/** The study lines of these updates' winners, with the passages they are about. */
export function studyMaterial(db: Database, updateIds: number[]): StudyMaterial[] {
  // Of a winner that the gate scaled down, another file became the version.
  const scaled = sql`exists (select 1 from ${gates} where ${gates.candidateId} = ${candidates.id} and ${gates.sha256} = ${versions.sha256})`;
  return db
    .select({
      updateId: updates.id,
      passageId: passages.id,
      title: passages.title,
      text: passages.text,
      lines: candidates.lines,
    })
    .from(updates)
    .innerJoin(versions, eq(versions.id, updates.versionId))
    .innerJoin(
      candidates,
      and(eq(candidates.updateId, updates.id), or(eq(candidates.sha256, versions.sha256), scaled)),
    )
    .innerJoin(passages, eq(passages.id, updates.passageId))
    .where(inArray(updates.id, updateIds))
    .orderBy(asc(updates.id), asc(candidates.ordinal))
    .all();
}
