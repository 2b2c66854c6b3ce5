import { and, asc, desc, eq, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import type { EditKind, EditOrigin, PromptKind } from "./candidates.ts";
import type { Database } from "./open.ts";
import { candidates, passages, roundPassages, rounds, trials, updates } from "./schema.ts";

export type Round = typeof rounds.$inferSelect;
export type RoundChange = Partial<Omit<typeof rounds.$inferInsert, "id">>;
export type RoundPassage = typeof roundPassages.$inferSelect;
export type Trial = typeof trials.$inferSelect;
export type NewTrial = typeof trials.$inferInsert;
export type { TrialResult } from "./schema.ts";

const CHUNK = 500;

/** Begins a round with the passages that it uses. */
export function addRound(
  db: Database,
  round: Pick<Round, "policyId" | "versionId">,
  members: Omit<RoundPassage, "roundId">[],
): Round {
  const row = db.insert(rounds).values(round).returning().get();
  for (let i = 0; i < members.length; i += CHUNK) {
    const chunk = members.slice(i, i + CHUNK).map((member) => ({ roundId: row.id, ...member }));
    db.insert(roundPassages).values(chunk).run();
  }
  return row;
}

export function getRound(db: Database, id: number): Round | undefined {
  return db.select().from(rounds).where(eq(rounds.id, id)).get();
}

/** The round that has begun and not ended: what a crash left to be resumed. */
export function findOpenRound(db: Database): Round | undefined {
  return db
    .select()
    .from(rounds)
    .where(isNull(rounds.finishedAt))
    .orderBy(desc(rounds.id))
    .limit(1)
    .get();
}

/** Changes a round and returns it. */
export function changeRound(db: Database, id: number, change: RoundChange): Round {
  return db.update(rounds).set(change).where(eq(rounds.id, id)).returning().get();
}

/** The latest rounds, the latest first. */
export function listRounds(db: Database, limit = 50): Round[] {
  return db.select().from(rounds).orderBy(desc(rounds.id)).limit(limit).all();
}

/** The passages of a round, by id. */
export function listRoundPassages(
  db: Database,
  roundId: number,
  role?: RoundPassage["role"],
): RoundPassage[] {
  const ofRound = eq(roundPassages.roundId, roundId);
  return db
    .select()
    .from(roundPassages)
    .where(role === undefined ? ofRound : and(ofRound, eq(roundPassages.role, role)))
    .orderBy(asc(roundPassages.passageId))
    .all();
}

export function addTrial(db: Database, trial: NewTrial): void {
  db.insert(trials).values(trial).onConflictDoNothing().run();
}

/** What was tried in a round, passage by passage. */
export function listTrials(db: Database, roundId: number): Trial[] {
  return db
    .select()
    .from(trials)
    .where(eq(trials.roundId, roundId))
    .orderBy(asc(trials.passageId), desc(trials.writer), asc(trials.ordinal))
    .all();
}

/** An edit that a policy wrote and that earned what is said, whatever that was. */
export interface CollectedEdit {
  candidateId: number;
  passageId: number;
  kind: PromptKind;
  prompt: string;
  completions: string[];
  reward: number;
  /** The student's version that the gain is measured from; 0 is the untouched base. */
  versionId: number;
  /** Whether a round has used the passage. */
  used: boolean;
}

/**
 * The edits that a policy wrote and that were tried on a student no older than `sinceVersion`:
 * of every passage those of its latest decided update, in the order they were made.
 */
export function collectedEdits(
  db: Database,
  policyId: number,
  sinceVersion: number,
): CollectedEdit[] {
  const version = sql<number>`coalesce(${updates.parentVersionId}, 0)`;
  const latest = db
    .select({ id: sql<number>`max(${updates.id})` })
    .from(updates)
    .where(inArray(updates.verdict, ["commit", "reject"]))
    .groupBy(updates.passageId);
  const rows = db
    .select({
      candidateId: candidates.id,
      passageId: updates.passageId,
      kind: candidates.kind,
      prompt: candidates.prompt,
      completions: candidates.completions,
      reward: candidates.reward,
      versionId: version,
      used: sql<number>`exists (select 1 from round_passages rp where rp.passage_id = updates.passage_id)`,
    })
    .from(candidates)
    .innerJoin(updates, eq(updates.id, candidates.updateId))
    .where(
      and(
        eq(candidates.origin, "self"),
        eq(candidates.policyId, policyId),
        isNotNull(candidates.reward),
        isNotNull(candidates.prompt),
        isNotNull(candidates.completions),
        inArray(updates.id, latest),
        sql`${version} >= ${sinceVersion}`,
      ),
    )
    .orderBy(asc(candidates.id))
    .all();
  return rows.map((row) => ({ ...row, used: row.used === 1 }) as CollectedEdit);
}

/** Passages that a round before this one trained a writer on: the writer, and those that come of it, know them. */
export function trainedPassages(db: Database): Set<number> {
  const rows = db
    .selectDistinct({ id: roundPassages.passageId })
    .from(roundPassages)
    .innerJoin(rounds, eq(rounds.id, roundPassages.roundId))
    .where(and(eq(roundPassages.role, "train"), eq(rounds.verdict, "adopt")))
    .all();
  return new Set(rows.map(({ id }) => id));
}

/** What the latest edits of each kind earned. */
export function kindRewards(db: Database, limit = 300): { kind: PromptKind; reward: number }[] {
  const rows = db
    .select({ kind: candidates.kind, reward: candidates.reward })
    .from(candidates)
    .where(and(eq(candidates.origin, "self"), isNotNull(candidates.reward)))
    .orderBy(desc(candidates.id))
    .limit(limit)
    .all();
  return rows as { kind: PromptKind; reward: number }[];
}

/** Of the edits of each kind: how many there are, their mean reward, and how many were learned. */
export interface KindSummary {
  kind: EditKind;
  origin: EditOrigin;
  edits: number;
  reward: number;
  best: number;
}

export function summariseKinds(db: Database): KindSummary[] {
  return db
    .select({
      kind: candidates.kind,
      origin: candidates.origin,
      edits: sql<number>`count(*)`,
      reward: sql<number>`avg(${candidates.reward})`,
      best: sql<number>`sum(${candidates.reward} = (select max(c.reward) from candidates c where c.update_id = candidates.update_id))`,
    })
    .from(candidates)
    .where(isNotNull(candidates.reward))
    .groupBy(candidates.kind, candidates.origin)
    .orderBy(desc(sql`avg(${candidates.reward})`))
    .all();
}

/** The passages with these ids that a writer can be tried on: with at least `probes` reward probes. */
export function triablePassages(db: Database, ids: number[], probes: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < ids.length; i += CHUNK) {
    const rows = db
      .select({ id: passages.id })
      .from(passages)
      .where(
        and(
          inArray(passages.id, ids.slice(i, i + CHUNK)),
          sql`(select count(*) from probes p where p.passage_id = passages.id and p.split = 'reward') >= ${probes}`,
        ),
      )
      .all();
    found.push(...rows.map(({ id }) => id));
  }
  return found;
}
