import type { ExperimentStep, StepFigure } from "../../../db/experiment-steps.ts";
import type { QuestionWording } from "../../../db/experiments.ts";
import { mean } from "../../decide.ts";
import { type ContinualMetrics, continualMetrics } from "../../measure/metrics.ts";
import { bootstrap, bootstrapRatio } from "../../measure/paired.ts";
import type { Figure } from "../figures.ts";
import { BASE_ARM } from "./config.ts";

/** One arm on one sequence in one order, in one wording. */
export interface CourseFigures {
  arm: string;
  sequence: number;
  ordering: number;
  /** R[t][i] from the first update on, passages in the order they were learned; null: not asked. */
  matrix: (number | null)[][];
  /** The same in mean log-probability per token. */
  logprob: (number | null)[][];
  /** Of the untouched base, by passage. */
  base: number[];
  metrics: ContinualMetrics;
  /** Mean over passages right after each was learned; null where there is no such moment. */
  right: number | null;
  rightLogprob: number | null;
  final: number;
  finalLogprob: number;
  steps: ExperimentStep[];
}

/** One arm over all its sequences, with 95% intervals over them. */
export interface ForgettingLine {
  arm: string;
  wording: QuestionWording;
  courses: number;
  /** What intervals are drawn over: sequences, or orders where there is one sequence. */
  units: number;
  base: number;
  right: Figure | null;
  final: Figure;
  /** final / right */
  kept: Figure | null;
  bwt: Figure | null;
  forgetting: Figure | null;
  fwt: Figure | null;
  netGain: Figure;
  rightLogprob: number | null;
  finalLogprob: number;
  /** right / that of `seal`, on the sequences that both have. */
  rightOfSeal: Figure | null;
  /** final − that of `seal`, paired. */
  finalOverSeal: Figure | null;
}

/** What an arm did to the base and what it cost, whatever the wording. */
export interface CostLine {
  arm: string;
  /** Shares of the base's own answers that are still right at the end. */
  fact: Figure | null;
  reading: Figure | null;
  writing: Figure | null;
  perplexity: Figure | null;
  kl: Figure | null;
  updates: number;
  /** How many of them were not kept, and how many were scaled down. */
  rejected: number;
  rescaled: number;
  /** Means: seconds of an update, of its training, and of sleep for each update. */
  seconds: number;
  trainSeconds: number;
  sleepSeconds: number;
  /** Mean seconds of an update by quarter of the sequence. */
  quarters: (number | null)[];
  /** Last quarter / first. */
  slowdown: Figure | null;
  rows: number;
  askedRows: number;
}

/** Intervals are drawn with this seed: the same rows give the same figures. */
const SEED = 1;
const QUARTERS = 4;

/** The courses that are over, in one wording. */
export function courseFigures(
  steps: readonly ExperimentStep[],
  figures: readonly StepFigure[],
  wording: QuestionWording,
  length: number,
): CourseFigures[] {
  const cells = Map.groupBy(
    figures.filter((it) => it.wording === wording),
    (it) => [it.arm, it.sequence, it.ordering].join("/"),
  );
  const courses = Map.groupBy(steps, (it) => [it.arm, it.sequence, it.ordering].join("/"));
  return [...courses].flatMap(([key, own]): CourseFigures[] => {
    const { arm, sequence, ordering } = own[0]!;
    const base = cells.get([BASE_ARM, sequence, 1].join("/")) ?? [];
    if (arm === BASE_ARM || own.at(-1)!.step !== length || base.length === 0) return [];
    // The passages in the order in which they were learned: of one training, in their own.
    const taught = own.flatMap(({ passageId }) => passageId ?? []);
    const order = taught.length === length ? taught : base.map(({ passageId }) => passageId);
    const table = (pick: (it: StepFigure) => number) =>
      tableOf(cells.get(key) ?? [], own, order, pick);
    const matrix = table(({ exact }) => exact);
    const logprob = table((it) => it.logprob);
    const ofBase = new Map(base.map((it) => [it.passageId, it.exact]));
    const b = order.map((id) => ofBase.get(id) ?? 0);
    const diagonal = (rows: (number | null)[][]) =>
      rows.length === length ? mean(rows.map((row, t) => row[t]!)) : null;
    const metrics = continualMetrics(matrix, b);
    return [
      {
        ...{ arm, sequence, ordering, matrix, logprob, base: b, metrics, steps: own },
        right: diagonal(matrix),
        rightLogprob: diagonal(logprob),
        final: metrics.acc!,
        finalLogprob: mean(logprob.at(-1)!.map((it) => it!)),
      },
    ];
  });
}

/** One line for each arm, in the order given. */
export function forgettingLines(
  courses: readonly CourseFigures[],
  arms: readonly string[],
  wording: QuestionWording,
): ForgettingLine[] {
  const seal = courses.filter(({ arm }) => arm === "seal");
  return arms.flatMap((arm): ForgettingLine[] => {
    const own = courses.filter((it) => it.arm === arm);
    if (own.length === 0) return [];
    const over = (value: (it: CourseFigures) => number | null) => figureOver(own, value);
    const right = (it: CourseFigures) => it.right;
    const final = (it: CourseFigures) => it.final;
    return [
      {
        ...{ arm, wording, courses: own.length, units: unitsOf(own).length },
        base: mean(own.map(({ base }) => mean(base))),
        right: over(right),
        final: over(final)!,
        kept: ratioOver(own, own, final, right),
        bwt: over(({ metrics }) => metrics.bwt),
        forgetting: over(({ metrics }) => metrics.forgetting),
        fwt: over(({ metrics }) => metrics.fwt),
        netGain: over(({ metrics }) => metrics.netGain)!,
        rightLogprob: meanOf(own, (it) => it.rightLogprob),
        finalLogprob: mean(own.map((it) => it.finalLogprob)),
        rightOfSeal: ratioOver(own, seal, right, right),
        finalOverSeal: arm === "seal" ? null : differenceOver(own, seal, final),
      },
    ];
  });
}

/** What each arm cost. */
export function costLines(courses: readonly CourseFigures[], arms: readonly string[]): CostLine[] {
  return arms.flatMap((arm): CostLine[] => {
    const own = courses.filter((it) => it.arm === arm);
    if (own.length === 0) return [];
    const steps = own.flatMap((it) => it.steps);
    const at = (pick: (control: NonNullable<ExperimentStep["control"]>) => number | null) =>
      figureOver(own, ({ steps }) => {
        const { control } = steps.at(-1)!;
        return control && pick(control);
      });
    const each = (value: (step: ExperimentStep) => number) => mean(steps.map(value));
    const sum = (value: (step: ExperimentStep) => number) =>
      steps.reduce((all, step) => all + value(step), 0);
    const quarter = (n: number) => (it: CourseFigures) => secondsOfQuarter(it, n);
    return [
      {
        arm,
        fact: at(({ fact }) => fact),
        reading: at(({ reading }) => reading),
        writing: at(({ writing }) => writing),
        perplexity: at(({ perplexity }) => perplexity),
        kl: at(({ kl }) => kl),
        updates: steps.length,
        rejected: sum(({ verdict }) => (verdict === "commit" || verdict === "rescale" ? 0 : 1)),
        rescaled: sum(({ verdict }) => (verdict === "rescale" ? 1 : 0)),
        seconds: each(({ seconds }) => seconds.learn),
        trainSeconds: each(({ seconds }) => seconds.train),
        sleepSeconds: each(({ seconds }) => seconds.sleep),
        quarters: Array.from({ length: QUARTERS }, (_, n) => meanOf(own, quarter(n))),
        slowdown: ratioOver(own, own, quarter(QUARTERS - 1), quarter(0)),
        rows: sum(({ rows }) => rows),
        askedRows: sum(({ askedRows }) => askedRows),
      },
    ];
  });
}

/** Mean of what was learned so far, after each step: SEAL's curve. Null where not all of it was asked. */
export function courseCurve(courses: readonly CourseFigures[]): (number | null)[] {
  const [first] = courses;
  if (!first || first.matrix.length !== first.base.length) return [];
  return first.matrix.map((_, t) =>
    meanOf(courses, ({ matrix }) => {
      const seen = matrix[t]!.slice(0, t + 1);
      return seen.some((it) => it === null) ? null : mean(seen as number[]);
    }),
  );
}

/** The mean matrix over courses; null where none of them was asked. */
export function meanMatrix(courses: readonly CourseFigures[]): (number | null)[][] {
  const [first] = courses;
  return (first?.matrix ?? []).map((row, t) =>
    row.map((_, i) => meanOf(courses, ({ matrix }) => matrix[t]?.[i] ?? null)),
  );
}

function tableOf(
  cells: readonly StepFigure[],
  steps: readonly ExperimentStep[],
  order: readonly number[],
  pick: (it: StepFigure) => number,
): (number | null)[][] {
  const byStep = Map.groupBy(cells, ({ step }) => step);
  return steps.map(({ step }) => {
    const row = new Map((byStep.get(step) ?? []).map((it) => [it.passageId, pick(it)]));
    return order.map((id) => row.get(id) ?? null);
  });
}

/** What is drawn at random: sequences, over whose orders means are taken; orders where there is one sequence. */
function unitsOf(courses: readonly CourseFigures[]): CourseFigures[][] {
  const sequences = [...Map.groupBy(courses, ({ sequence }) => sequence).values()];
  return sequences.length > 1 ? sequences : courses.map((it) => [it]);
}

function figureOver(
  courses: readonly CourseFigures[],
  value: (it: CourseFigures) => number | null,
): Figure | null {
  const values = unitsOf(courses).flatMap((unit) => meanOf(unit, value) ?? []);
  return values.length === 0 ? null : { mean: mean(values), ...bootstrap(values, SEED) };
}

/** A ratio of means, unit by unit where both have the unit. */
function ratioOver(
  above: readonly CourseFigures[],
  below: readonly CourseFigures[],
  numerator: (it: CourseFigures) => number | null,
  denominator: (it: CourseFigures) => number | null,
): Figure | null {
  const pairs = pairsOf(above, below, numerator, denominator);
  const total = pairs.reduce((sum, [, it]) => sum + it, 0);
  if (pairs.length === 0 || total === 0) return null;
  const ratio = pairs.reduce((sum, [it]) => sum + it, 0) / total;
  return { mean: ratio, ...bootstrapRatio(pairs, SEED) };
}

function differenceOver(
  own: readonly CourseFigures[],
  other: readonly CourseFigures[],
  value: (it: CourseFigures) => number | null,
): Figure | null {
  const differences = pairsOf(own, other, value, value).map(([a, b]) => a - b);
  if (differences.length === 0) return null;
  return { mean: mean(differences), ...bootstrap(differences, SEED) };
}

function pairsOf(
  above: readonly CourseFigures[],
  below: readonly CourseFigures[],
  numerator: (it: CourseFigures) => number | null,
  denominator: (it: CourseFigures) => number | null,
): [number, number][] {
  const keys = new Set([...above, ...below].map(({ sequence }) => sequence));
  const keyOf = (it: CourseFigures) => (keys.size > 1 ? it.sequence : it.ordering);
  const others = Map.groupBy(below, keyOf);
  return [...Map.groupBy(above, keyOf)].flatMap(([key, own]): [number, number][] => {
    const a = meanOf(own, numerator);
    const b = meanOf(others.get(key) ?? [], denominator);
    return a === null || b === null ? [] : [[a, b]];
  });
}

/** Seconds of an update in a quarter of the sequence; none where it is too short for quarters. */
function secondsOfQuarter({ steps }: CourseFigures, quarter: number): number | null {
  if (steps.length < QUARTERS) return null;
  const at = (n: number) => Math.round((n * steps.length) / QUARTERS);
  return mean(steps.slice(at(quarter), at(quarter + 1)).map(({ seconds }) => seconds.learn));
}

function meanOf<T>(list: readonly T[], value: (it: T) => number | null): number | null {
  const values = list.flatMap((it) => value(it) ?? []);
  return values.length === 0 ? null : mean(values);
}
