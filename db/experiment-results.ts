import { and, asc, count, eq, inArray, sql } from "drizzle-orm";
import type { ExperimentPassage, ExperimentQuestion } from "./experiments.ts";
import { type Database, transaction } from "./open.ts";
import {
  type BUDGETS,
  experimentArms,
  experimentEdits,
  experimentPassages,
  experimentPolicies,
  experimentQuestions,
  experimentScores,
  experimentSearches,
  experimentUpdates,
  type REGIMES,
} from "./schema.ts";

export type Regime = (typeof REGIMES)[number];
export type Budget = (typeof BUDGETS)[number];
export type ExperimentEdit = typeof experimentEdits.$inferSelect;
export type NewEdit = Omit<ExperimentEdit, "id">;
export type ExperimentPolicy = typeof experimentPolicies.$inferSelect;
export type ExperimentUpdate = typeof experimentUpdates.$inferSelect;
export type NewUpdate = Omit<ExperimentUpdate, "id">;
export type ExperimentScore = typeof experimentScores.$inferSelect;
export type NewScore = Omit<ExperimentScore, "updateId">;
export type ExperimentSearch = typeof experimentSearches.$inferSelect;
export type ExperimentArm = typeof experimentArms.$inferSelect;
export type { Tried } from "./schema.ts";

/** SQLite takes so many values in one statement, and a score has eight. */
const CHUNK = 500;

/** A writer's edits of one kind on a passage, in their order. */
export function listEdits(
  db: Database,
  { passageId, seed, writer, kind }: Pick<ExperimentEdit, "passageId" | "seed" | "writer" | "kind">,
): ExperimentEdit[] {
  return db
    .select()
    .from(experimentEdits)
    .where(
      and(
        eq(experimentEdits.passageId, passageId),
        eq(experimentEdits.seed, seed),
        eq(experimentEdits.writer, writer),
        eq(experimentEdits.kind, kind),
      ),
    )
    .orderBy(asc(experimentEdits.ordinal))
    .all();
}

/** Records edits, all or nothing; what another process recorded in their places stands. */
export function addEdits(db: Database, edits: NewEdit[]): void {
  if (edits.length === 0) return;
  transaction(db, () => db.insert(experimentEdits).values(edits).onConflictDoNothing().run());
}

/** All edits of an experiment, with what their passage is used for. */
export function allEdits(
  db: Database,
  experimentId: number,
): (ExperimentEdit & { role: ExperimentPassage["role"]; round: number | null })[] {
  return db
    .select({
      edit: experimentEdits,
      role: experimentPassages.role,
      round: experimentPassages.round,
    })
    .from(experimentEdits)
    .innerJoin(experimentPassages, eq(experimentPassages.id, experimentEdits.passageId))
    .where(eq(experimentPassages.experimentId, experimentId))
    .orderBy(asc(experimentEdits.id))
    .all()
    .map(({ edit, role, round }) => ({ ...edit, role, round }));
}

export function findPolicy(
  db: Database,
  {
    experimentId,
    seed,
    kind,
    round,
  }: Pick<ExperimentPolicy, "experimentId" | "seed" | "kind" | "round">,
): ExperimentPolicy | undefined {
  return db
    .select()
    .from(experimentPolicies)
    .where(
      and(
        eq(experimentPolicies.experimentId, experimentId),
        eq(experimentPolicies.seed, seed),
        eq(experimentPolicies.kind, kind),
        eq(experimentPolicies.round, round),
      ),
    )
    .get();
}

/** Records a policy; one whose file was lost and made again takes its own place. */
export function savePolicy(db: Database, policy: ExperimentPolicy): void {
  const { experimentId, seed, kind, round } = experimentPolicies;
  db.insert(experimentPolicies)
    .values(policy)
    .onConflictDoUpdate({ target: [experimentId, seed, kind, round], set: policy })
    .run();
}

/** All policies of an experiment, by kind, seed and round. */
export function listExperimentPolicies(db: Database, experimentId: number): ExperimentPolicy[] {
  const { kind, seed, round } = experimentPolicies;
  return db
    .select()
    .from(experimentPolicies)
    .where(eq(experimentPolicies.experimentId, experimentId))
    .orderBy(asc(kind), asc(seed), asc(round))
    .all();
}

export function findUpdate(
  db: Database,
  experimentId: number,
  key: string,
): ExperimentUpdate | undefined {
  return db
    .select()
    .from(experimentUpdates)
    .where(and(eq(experimentUpdates.experimentId, experimentId), eq(experimentUpdates.key, key)))
    .get();
}

/** Records an update with its scores, all or nothing; what another process recorded stands. */
export function addUpdate(db: Database, update: NewUpdate, scores: NewScore[]): ExperimentUpdate {
  return transaction(db, () => {
    const there = findUpdate(db, update.experimentId, update.key);
    if (there) return there;
    const row = db.insert(experimentUpdates).values(update).returning().get();
    for (let i = 0; i < scores.length; i += CHUNK) {
      const rows = scores.slice(i, i + CHUNK).map((score) => ({ ...score, updateId: row.id }));
      db.insert(experimentScores).values(rows).run();
    }
    return row;
  });
}

/** How many updates have been recorded. */
export function countUpdates(db: Database, experimentId: number): number {
  return db
    .select({ n: count() })
    .from(experimentUpdates)
    .where(eq(experimentUpdates.experimentId, experimentId))
    .get()!.n;
}

/** The scores of an update's questions for one use. */
export function scoresOf(
  db: Database,
  updateId: number,
  use: ExperimentQuestion["use"],
): (ExperimentScore & { passageId: number })[] {
  return db
    .select({ score: experimentScores, passageId: experimentQuestions.passageId })
    .from(experimentScores)
    .innerJoin(experimentQuestions, eq(experimentQuestions.id, experimentScores.questionId))
    .where(and(eq(experimentScores.updateId, updateId), eq(experimentQuestions.use, use)))
    .orderBy(asc(experimentScores.questionId))
    .all()
    .map(({ score, passageId }) => ({ ...score, passageId }));
}

export function findSearch(
  db: Database,
  {
    experimentId,
    arm,
    kind,
    regime,
    budget,
  }: Pick<ExperimentSearch, "experimentId" | "arm" | "kind" | "regime" | "budget">,
): ExperimentSearch | undefined {
  return db
    .select()
    .from(experimentSearches)
    .where(
      and(
        eq(experimentSearches.experimentId, experimentId),
        eq(experimentSearches.arm, arm),
        eq(experimentSearches.kind, kind),
        eq(experimentSearches.regime, regime),
        eq(experimentSearches.budget, budget),
      ),
    )
    .get();
}

export function addSearch(db: Database, search: ExperimentSearch): void {
  db.insert(experimentSearches).values(search).onConflictDoNothing().run();
}

export function listSearches(db: Database, experimentId: number): ExperimentSearch[] {
  return db
    .select()
    .from(experimentSearches)
    .where(eq(experimentSearches.experimentId, experimentId))
    .all();
}

/** Says which updates are an arm's. */
export function addArms(db: Database, arms: ExperimentArm[]): void {
  if (arms.length === 0) return;
  db.insert(experimentArms).values(arms).onConflictDoNothing().run();
}

/** One of an arm's updates on one passage, over its questions for one use and of one wording. */
export interface ArmFigure
  extends Pick<
    ExperimentArm,
    "arm" | "kind" | "regime" | "budget" | "seed" | "unit" | "ordinal" | "updateId"
  > {
  passageId: number;
  role: ExperimentPassage["role"];
  round: number | null;
  use: ExperimentQuestion["use"];
  wording: ExperimentQuestion["wording"];
  questions: number;
  /** Shares of the questions; `match` of generated answers, null where there are none. */
  exact: number;
  match: number | null;
  /** Mean over the questions, per token. */
  logprob: number;
  /** Of the whole update, over all epochs and passages. */
  supervisedTokens: number;
  epochs: number;
  learningRate: number;
  diverged: boolean;
}

export function armFigures(db: Database, experimentId: number): ArmFigure[] {
  const { arm, kind, regime, budget, seed, unit, ordinal, updateId } = experimentArms;
  const { passageId, use, wording } = experimentQuestions;
  return db
    .select({
      arm,
      kind,
      regime,
      budget,
      seed,
      unit,
      ordinal,
      updateId,
      passageId,
      use,
      wording,
      role: experimentPassages.role,
      round: experimentPassages.round,
      questions: sql<number>`count(*)`,
      exact: sql<number>`avg(${experimentScores.exact})`,
      match: sql<number | null>`avg(${experimentScores.match})`,
      logprob: sql<number>`avg(${experimentScores.logprob})`,
      supervisedTokens: experimentUpdates.supervisedTokens,
      epochs: experimentUpdates.epochs,
      learningRate: experimentUpdates.learningRate,
      diverged: experimentUpdates.diverged,
    })
    .from(experimentArms)
    .innerJoin(experimentUpdates, eq(experimentUpdates.id, updateId))
    .innerJoin(experimentScores, eq(experimentScores.updateId, updateId))
    .innerJoin(experimentQuestions, eq(experimentQuestions.id, experimentScores.questionId))
    .innerJoin(experimentPassages, eq(experimentPassages.id, passageId))
    .where(eq(experimentArms.experimentId, experimentId))
    .groupBy(arm, kind, regime, budget, seed, unit, ordinal, passageId, use, wording)
    .all();
}

/** One question under one of an arm's updates, with what is needed to say what was gained. */
export interface ArmScore
  extends Pick<ExperimentArm, "arm" | "kind" | "seed" | "ordinal" | "updateId">,
    Pick<ExperimentScore, "questionId" | "logprob" | "distractors" | "rank" | "exact" | "match"> {
  passageId: number;
}

/** Scores question by question of some arms, learned one passage at a time at equal epochs. */
export function armScores(db: Database, experimentId: number, arms: readonly string[]): ArmScore[] {
  return db
    .select({
      arm: experimentArms.arm,
      kind: experimentArms.kind,
      seed: experimentArms.seed,
      ordinal: experimentArms.ordinal,
      updateId: experimentArms.updateId,
      passageId: experimentArms.unit,
      questionId: experimentScores.questionId,
      logprob: experimentScores.logprob,
      distractors: experimentScores.distractors,
      rank: experimentScores.rank,
      exact: experimentScores.exact,
      match: experimentScores.match,
    })
    .from(experimentArms)
    .innerJoin(experimentScores, eq(experimentScores.updateId, experimentArms.updateId))
    .where(
      and(
        eq(experimentArms.experimentId, experimentId),
        eq(experimentArms.regime, "single"),
        eq(experimentArms.budget, "epochs"),
        inArray(experimentArms.arm, [...arms]),
      ),
    )
    .all();
}
