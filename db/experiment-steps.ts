import { and, asc, eq, inArray, sql } from "drizzle-orm";
import { addUpdate, type NewScore, type NewUpdate } from "./experiment-results.ts";
import type { ExperimentQuestion } from "./experiments.ts";
import { type Database, transaction } from "./open.ts";
import {
  experimentQuestions,
  experimentScores,
  experimentSteps,
  experimentUpdates,
} from "./schema.ts";

export type ExperimentStep = typeof experimentSteps.$inferSelect;
export type NewStep = Omit<ExperimentStep, "updateId">;
export type { StepControl, StepSeconds } from "./schema.ts";

/** One arm on one sequence of passages in one order. */
export type Course = Pick<ExperimentStep, "experimentId" | "arm" | "sequence" | "ordering">;

/** Records a step with its update and how the questions stood after it, all or nothing. */
export function addStep(db: Database, step: NewStep, update: NewUpdate, scores: NewScore[]): void {
  transaction(db, () => {
    const { id: updateId } = addUpdate(db, update, scores);
    db.insert(experimentSteps)
      .values({ ...step, updateId })
      .run();
  });
}

/** The steps of a course that have been recorded, in their order. */
export function courseSteps(db: Database, course: Course): ExperimentStep[] {
  return db
    .select()
    .from(experimentSteps)
    .where(ofCourse(course))
    .orderBy(asc(experimentSteps.step))
    .all();
}

/** All steps of an experiment, course by course. */
export function listSteps(db: Database, experimentId: number): ExperimentStep[] {
  const { arm, sequence, ordering, step } = experimentSteps;
  return db
    .select()
    .from(experimentSteps)
    .where(eq(experimentSteps.experimentId, experimentId))
    .orderBy(asc(sequence), asc(ordering), asc(arm), asc(step))
    .all();
}

/** Forgets a course, which is to be begun anew. */
export function forgetCourse(db: Database, course: Course): void {
  transaction(db, () => {
    const ids = courseSteps(db, course).map(({ updateId }) => updateId);
    db.delete(experimentSteps).where(ofCourse(course)).run();
    if (ids.length === 0) return;
    db.delete(experimentScores).where(inArray(experimentScores.updateId, ids)).run();
    db.delete(experimentUpdates).where(inArray(experimentUpdates.id, ids)).run();
  });
}

/** How a passage's report questions of one wording stood after a step. */
export interface StepFigure extends Pick<ExperimentStep, "arm" | "sequence" | "ordering" | "step"> {
  passageId: number;
  wording: ExperimentQuestion["wording"];
  questions: number;
  /** Share of the questions. */
  exact: number;
  /** Mean over them, per token. */
  logprob: number;
}

/** The cells of the accuracy matrices of an experiment. */
export function stepFigures(db: Database, experimentId: number): StepFigure[] {
  const { arm, sequence, ordering, step } = experimentSteps;
  const { passageId, wording } = experimentQuestions;
  return db
    .select({
      arm,
      sequence,
      ordering,
      step,
      passageId,
      wording,
      questions: sql<number>`count(*)`,
      exact: sql<number>`avg(${experimentScores.exact})`,
      logprob: sql<number>`avg(${experimentScores.logprob})`,
    })
    .from(experimentSteps)
    .innerJoin(experimentScores, eq(experimentScores.updateId, experimentSteps.updateId))
    .innerJoin(experimentQuestions, eq(experimentQuestions.id, experimentScores.questionId))
    .where(eq(experimentSteps.experimentId, experimentId))
    .groupBy(arm, sequence, ordering, step, passageId, wording)
    .all();
}

function ofCourse({ experimentId, arm, sequence, ordering }: Course) {
  return and(
    eq(experimentSteps.experimentId, experimentId),
    eq(experimentSteps.arm, arm),
    eq(experimentSteps.sequence, sequence),
    eq(experimentSteps.ordering, ordering),
  );
}
