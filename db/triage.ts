import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lte,
  sql,
} from "drizzle-orm";
import type { Database } from "./open.ts";
import type { Passage } from "./passages.ts";
import { decisions, documents, feedback, jobs, passages, sources, updates } from "./schema.ts";

export type DecisionRow = typeof decisions.$inferSelect;
export type NewDecision = Omit<typeof decisions.$inferInsert, "id" | "createdAt">;

const CHUNK = 500;

/** Stores a decision; one that an update makes again takes the place of its former one. */
export function saveDecision(db: Database, row: NewDecision): DecisionRow {
  if (row.updateId != null) db.delete(decisions).where(eq(decisions.updateId, row.updateId)).run();
  return db.insert(decisions).values(row).returning().get();
}

/** A passage's decisions, the latest first. */
export function listDecisions(db: Database, passageId: number): DecisionRow[] {
  return db
    .select()
    .from(decisions)
    .where(eq(decisions.passageId, passageId))
    .orderBy(desc(decisions.id))
    .all();
}

/** Records how much a passage's text surprised the current model, in nats per token. */
export function setSurprise(db: Database, passageId: number, surprise: number | null): void {
  db.update(passages).set({ surprise }).where(eq(passages.id, passageId)).run();
}

/** What the latest passages that were read by the model surprised it, in nats per token. */
export function latestSurprises(db: Database, limit: number): number[] {
  return db
    .select({ surprise: passages.surprise })
    .from(passages)
    .where(sql`surprise is not null`)
    .orderBy(desc(passages.id))
    .limit(limit)
    .all()
    .flatMap(({ surprise }) => surprise ?? []);
}

/** What a passage's priority is made of. */
export interface PriorityFacts {
  passageId: number;
  kind: (typeof sources.$inferSelect)["kind"] | null;
  trust: (typeof sources.$inferSelect)["trust"] | null;
  surprise: number | null;
  /** Feedback that no update has taken up, by kind. */
  questions: number;
  corrections: number;
  marked: number;
  /** Updates of it that were refused. */
  refused: number;
}

/** The facts of these passages; unknown ids are left out. */
export function priorityFacts(db: Database, passageIds: number[]): PriorityFacts[] {
  const found: PriorityFacts[] = [];
  for (let i = 0; i < passageIds.length; i += CHUNK) {
    const ids = passageIds.slice(i, i + CHUNK);
    const rows = db
      .select({
        passageId: passages.id,
        kind: sources.kind,
        trust: sources.trust,
        surprise: passages.surprise,
      })
      .from(passages)
      .innerJoin(documents, eq(documents.id, passages.documentId))
      .leftJoin(sources, eq(sources.id, documents.sourceId))
      .where(inArray(passages.id, ids))
      .all();
    const said = db
      .select({ passageId: feedback.passageId, kind: feedback.kind, n: count() })
      .from(feedback)
      .where(and(inArray(feedback.passageId, ids), isNull(feedback.settledBy)))
      .groupBy(feedback.passageId, feedback.kind)
      .all();
    const refused = db
      .select({ passageId: updates.passageId, n: count() })
      .from(updates)
      .where(and(inArray(updates.passageId, ids), eq(updates.verdict, "reject")))
      .groupBy(updates.passageId)
      .all();
    const saidOf = (id: number, kind: string) =>
      said.find((row) => row.passageId === id && row.kind === kind)?.n ?? 0;
    for (const row of rows) {
      const { passageId } = row;
      found.push({
        ...row,
        questions: saidOf(passageId, "question"),
        corrections: saidOf(passageId, "correction"),
        marked: saidOf(passageId, "marked"),
        refused: refused.find((it) => it.passageId === passageId)?.n ?? 0,
      });
    }
  }
  return found;
}

/** Moves everything of a source that waits to be learned by so much. */
export function shiftPriorities(db: Database, sourceId: number, by: number): void {
  db.run(sql`
    UPDATE jobs SET priority = priority + ${by}
    WHERE state = 'queued' AND kind = 'learn' AND json_extract(payload, '$.passageId') IN (
      SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id WHERE d.source_id = ${sourceId})`);
}

/** The passages about which a person is asked, the oldest first. */
export function passagesToReview(db: Database, limit = 100): Passage[] {
  return db
    .select()
    .from(passages)
    .where(sql`decision = 'review'`)
    .orderBy(asc(passages.id))
    .limit(limit)
    .all();
}

/** How many passages came in, and how many were dealt with, in a stretch of time (milliseconds since 1970). */
export function paceOf(
  db: Database,
  from: number,
  to: number,
): { arrived: number; dealt: number; trained: number; seconds: number } {
  const arrived = db
    .select({ n: count() })
    .from(passages)
    .where(and(gte(passages.createdAt, from), lte(passages.createdAt, to)))
    .get()!.n;
  const row = db
    .select({
      dealt: sql<number>`count(distinct ${updates.passageId})`,
      trained: sql<number>`count(distinct case when ${updates.verdict} in ('commit', 'reject') then coalesce(${updates.leadId}, ${updates.id}) end)`,
      first: sql<number | null>`min(${updates.createdAt})`,
    })
    .from(updates)
    .where(and(gt(updates.finishedAt, from), lte(updates.finishedAt, to)))
    .get()!;
  const first = Math.max(from, row.first ?? to);
  return { arrived, dealt: row.dealt, trained: row.trained, seconds: (to - first) / 1000 };
}

/** The parts of the latest updates' seconds that went on whatever they learned, and their passages. */
export function latestTimings(
  db: Database,
  limit: number,
): { updateId: number; timing: Record<string, number>; passages: number }[] {
  const members = sql<number>`(select count(*) from updates m where m.lead_id = ${updates.id})`;
  return db
    .select({ updateId: updates.id, timing: updates.timing, passages: sql<number>`1 + ${members}` })
    .from(updates)
    .where(
      and(eq(updates.verdict, "commit"), isNull(updates.leadId), isNotNull(updates.finishedAt)),
    )
    .orderBy(desc(updates.id))
    .limit(limit)
    .all();
}

/** Whether the passage's latest decision was a person's, and which. */
export function personsWord(db: Database, passageId: number): "study" | "skip" | undefined {
  const row = db
    .select({ by: decisions.by, verdict: decisions.verdict })
    .from(decisions)
    .where(and(eq(decisions.passageId, passageId), eq(decisions.by, "person")))
    .orderBy(desc(decisions.id))
    .limit(1)
    .get();
  return row && (row.verdict === "skip" ? "skip" : "study");
}

/** The document's source and consent of a passage. */
export function originOf(db: Database, passageId: number) {
  return db
    .select({
      kind: sources.kind,
      mode: sources.mode,
      title: sources.title,
      consent: documents.consent,
    })
    .from(passages)
    .innerJoin(documents, eq(documents.id, passages.documentId))
    .leftJoin(sources, eq(sources.id, documents.sourceId))
    .where(eq(passages.id, passageId))
    .get();
}

/** Whether a passage waits to be learned, or is being learned. */
export function isQueued(db: Database, passageId: number): boolean {
  const own = and(eq(jobs.key, `learn:${passageId}`), inArray(jobs.state, ["queued", "running"]));
  return db.select({ id: jobs.id }).from(jobs).where(own).limit(1).get() !== undefined;
}
