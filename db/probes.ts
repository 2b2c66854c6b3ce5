import { and, asc, desc, eq, inArray, ne, sql } from "drizzle-orm";
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

/** The report probes of every passage that is remembered: the learned and the known ones. */
export function listRememberedProbes(db: Database): Probe[] {
  const remembered = db
    .select({ id: passages.id })
    .from(passages)
    .where(inArray(passages.decision, ["learned", "known"]));
  return db
    .select()
    .from(probes)
    .where(and(eq(probes.split, "report"), inArray(probes.passageId, remembered)))
    .orderBy(asc(probes.id))
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
