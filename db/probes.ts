import { and, asc, desc, eq, inArray, isNotNull, isNull, lt, ne, or, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { passages, probes } from "./schema.ts";

export type Probe = typeof probes.$inferSelect;
export type ProbeKind = Probe["kind"];
export type ProbeSplit = Probe["split"];
export type NewProbe = Omit<typeof probes.$inferInsert, "id">;

/** Rows of one insert; a statement has a bounded number of parameters. */
const CHUNK = 500;

/** Stores a passage's probes. */
export function addProbes(db: Database, rows: NewProbe[]): void {
  for (let i = 0; i < rows.length; i += CHUNK) {
    db.insert(probes)
      .values(rows.slice(i, i + CHUNK))
      .run();
  }
}

/** Stores one probe and returns it. */
export function addProbe(db: Database, row: NewProbe): Probe {
  return db.insert(probes).values(row).returning().get();
}

/** Changes what a probe that use brought is answered with. */
export function changeProbe(
  db: Database,
  id: number,
  change: Pick<NewProbe, "answer" | "origin">,
): Probe {
  return db.update(probes).set(change).where(eq(probes.id, id)).returning().get();
}

/** The probes of a passage, of one split or of both, in the order they were made. */
export function listProbes(db: Database, passageId: number, split?: ProbeSplit): Probe[] {
  const ofPassage = eq(probes.passageId, passageId);
  return db
    .select()
    .from(probes)
    .where(split === undefined ? ofPassage : and(ofPassage, eq(probes.split, split)))
    .orderBy(asc(probes.id))
    .all();
}

/** The report probes of passages that nothing has superseded. */
export function reportProbes(db: Database, passageIds: number[]): Probe[] {
  return db
    .select()
    .from(probes)
    .where(
      and(
        inArray(probes.passageId, passageIds),
        eq(probes.split, "report"),
        isNull(probes.supersededBy),
      ),
    )
    .all();
}

/** Of these questions, the ones that some report probe asks in the very same words. */
export function askedInReports(db: Database, questions: string[]): Set<string> {
  const asked = new Set<string>();
  for (let i = 0; i < questions.length; i += CHUNK) {
    const rows = db
      .select({ question: probes.question })
      .from(probes)
      .where(
        and(eq(probes.split, "report"), inArray(probes.question, questions.slice(i, i + CHUNK))),
      )
      .all();
    for (const row of rows) asked.add(row.question);
  }
  return asked;
}

/**
 * Written probes, not superseded, of examined passages that came before another one, whose question has
 * one of these names in it; with the text that answers them. The latest first.
 */
export function probesMentioning(
  db: Database,
  names: string[],
  before: number,
  limit = 200,
): { probe: Probe; text: string }[] {
  if (names.length === 0) return [];
  return db
    .select({ probe: probes, text: passages.text })
    .from(probes)
    .innerJoin(passages, eq(passages.id, probes.passageId))
    .where(
      and(
        lt(probes.passageId, before),
        eq(probes.kind, "written"),
        isNull(probes.supersededBy),
        inArray(passages.decision, ["learned", "known", "rejected"]),
        or(...names.map((name) => sql`instr(${probes.question}, ${name}) > 0`)),
      ),
    )
    .orderBy(desc(probes.id))
    .limit(limit)
    .all();
}

/** Records that a probe's answer was true until a later passage gave another one. */
export function supersedeProbe(
  db: Database,
  id: number,
  by: { passageId: number; at: number; answer: string },
): void {
  db.update(probes)
    .set({ supersededBy: by.passageId, validUntil: by.at, newAnswer: by.answer })
    .where(eq(probes.id, id))
    .run();
}

/** Probes whose answer is no longer true, the latest change first, with when it began to hold. */
export function listSuperseded(
  db: Database,
  limit: number,
): { probe: Probe; title: string; validFrom: number }[] {
  return db
    .select({ probe: probes, title: passages.title, validFrom: passages.createdAt })
    .from(probes)
    .innerJoin(passages, eq(passages.id, probes.passageId))
    .where(isNotNull(probes.supersededBy))
    .orderBy(desc(probes.validUntil), desc(probes.id))
    .limit(limit)
    .all();
}

/** Answers to a passage's probes that a later passage has superseded. */
export function supersededAnswers(db: Database, passageId: number): string[] {
  return db
    .selectDistinct({ answer: probes.answer })
    .from(probes)
    .where(and(eq(probes.passageId, passageId), isNotNull(probes.supersededBy)))
    .all()
    .map(({ answer }) => answer);
}

/** Different answers to the probes of one split of all other passages, the latest first. */
export function answersElsewhere(
  db: Database,
  passageId: number,
  split: ProbeSplit,
  limit = 1000,
): string[] {
  return db
    .selectDistinct({ answer: probes.answer, id: sql<number>`max(${probes.id})` })
    .from(probes)
    .where(and(eq(probes.split, split), ne(probes.passageId, passageId)))
    .groupBy(probes.answer)
    .orderBy(desc(sql`max(${probes.id})`))
    .limit(limit)
    .all()
    .map(({ answer }) => answer);
}

/** How many probes of each kind every passage has. */
export function countProbes(
  db: Database,
): { passageId: number; kind: ProbeKind; probes: number }[] {
  return db
    .select({
      passageId: probes.passageId,
      kind: probes.kind,
      probes: sql<number>`count(*)`,
    })
    .from(probes)
    .groupBy(probes.passageId, probes.kind)
    .all();
}
