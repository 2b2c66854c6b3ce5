import {
  type ExperimentStep,
  listSteps,
  type StepControl,
  stepFigures,
} from "../../../db/experiment-steps.ts";
import { type Experiment, getExperiment, type QuestionWording } from "../../../db/experiments.ts";
import type { Database } from "../../../db/open.ts";
import { BASE_ARM, FORGETTING_ARMS, type ForgettingConfig } from "./config.ts";
import {
  type CostLine,
  type CourseFigures,
  costLines,
  courseCurve,
  courseFigures,
  type ForgettingLine,
  forgettingLines,
  meanMatrix,
} from "./figures.ts";

/** What an arm's memory looks like, step by step, in the main wording. */
export interface ArmCourse {
  arm: string;
  /** Mean accuracy on the passages learned so far, after each step. */
  curve: (number | null)[];
  /** R[t][i], means over sequences and orders. */
  matrix: (number | null)[][];
}

/** All that an experiment of forgetting found, from its rows. */
export interface ForgettingReport {
  experiment: Experiment;
  config: ForgettingConfig;
  /** Courses that are over, of so many. */
  courses: { over: number; planned: number };
  /** What the base could do: shares of the control set's report half, before anything was learned. */
  base: StepControl | null;
  arms: ForgettingLine[];
  costs: CostLine[];
  matrices: ArmCourse[];
  /** Rows that were trained on, and how many of them have a report question in its words. */
  audit: { rows: number; asked: number };
}

/** One course, as the rows have it. */
export interface CourseRow
  extends Pick<CourseFigures, "arm" | "sequence" | "ordering" | "right" | "final" | "metrics"> {
  wording: QuestionWording;
  matrix: (number | null)[][];
  logprob: (number | null)[][];
  base: number[];
  steps: Omit<ExperimentStep, "experimentId" | "arm" | "sequence" | "ordering">[];
}

/** The wordings of report questions, the main one first. */
const WORDINGS: QuestionWording[] = ["unseen", "gold", "seen"];

/** Works out what an experiment of forgetting found, finished or not; none where there is no such experiment. */
export async function reportForgetting(
  db: Database,
  id: number,
): Promise<ForgettingReport | undefined> {
  const experiment = getExperiment(db, id);
  if (experiment?.kind !== "forgetting") return undefined;
  const config = experiment.config as unknown as ForgettingConfig;
  const { arms, sequences, orders } = config;
  const steps = listSteps(db, id);
  const known = FORGETTING_ARMS.filter((arm) => arms.includes(arm));
  const lines: ForgettingLine[] = [];
  const wordings = coursesByWording(db, id, steps, config.length);
  for (const { wording, courses } of wordings) {
    for (const arm of known) {
      lines.push(...forgettingLines(courses, [arm], wording));
      // Intervals take a while: whatever else waits gets its turn in between.
      await Bun.sleep(0);
    }
  }
  const over = wordings[0]?.courses ?? [];
  return {
    experiment,
    config,
    courses: { over: over.length, planned: arms.length * sequences * orders },
    base: steps.find(({ arm }) => arm === BASE_ARM)?.control ?? null,
    arms: lines,
    costs: costLines(over, known),
    matrices: known.flatMap((arm): ArmCourse[] => {
      const own = over.filter((it) => it.arm === arm);
      if (own.length === 0) return [];
      return [{ arm, curve: courseCurve(own), matrix: meanMatrix(own) }];
    }),
    audit: {
      rows: steps.reduce((sum, { rows }) => sum + rows, 0),
      asked: steps.reduce((sum, { askedRows }) => sum + askedRows, 0),
    },
  };
}

/** The courses that the figures are made of, each in each wording. */
export function courseRows(db: Database, id: number): CourseRow[] {
  const steps = listSteps(db, id);
  const { length } = getExperiment(db, id)!.config as unknown as ForgettingConfig;
  return coursesByWording(db, id, steps, length).flatMap(({ wording, courses }) =>
    courses.map(
      ({ arm, sequence, ordering, right, final, metrics, matrix, logprob, base, steps }) => ({
        ...{ arm, sequence, ordering, wording, right, final, metrics, matrix, logprob, base },
        steps: steps.map(
          ({ experimentId: _, arm: __, sequence: ___, ordering: ____, ...step }) => step,
        ),
      }),
    ),
  );
}

/** The courses that are over, in each wording that there is, the main one first. */
function coursesByWording(
  db: Database,
  id: number,
  steps: readonly ExperimentStep[],
  length: number,
): { wording: QuestionWording; courses: CourseFigures[] }[] {
  const figures = stepFigures(db, id);
  return WORDINGS.map((wording) => ({
    wording,
    courses: courseFigures(steps, figures, wording, length),
  })).filter(({ courses }) => courses.length > 0);
}
