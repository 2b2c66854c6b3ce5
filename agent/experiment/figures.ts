import type { ArmFigure } from "../../db/experiment-results.ts";
import type { QuestionWording } from "../../db/experiments.ts";
import { mean } from "../decide.ts";
import { bootstrap, pairedTest } from "../measure/paired.ts";
import { ARMS, type Arm, type ExperimentConfig, hasEdits } from "./config.ts";

/** A mean over passages with its bootstrap interval, 95%. */
export interface Figure {
  mean: number;
  low: number;
  high: number;
}

/** What arms are compared by: generated answers that match where there are any, else exact ones. */
export type Measure = "match" | "exact";

/** One arm in one form, over its report questions of one wording. */
export interface ArmLine {
  arm: Arm;
  /** Empty where the arm has no edits. */
  kind: string;
  regime: ArmFigure["regime"];
  budget: ArmFigure["budget"];
  wording: QuestionWording;
  /** Passages that it has figures for, with all seeds. */
  passages: number;
  exact: Figure;
  match: Figure | null;
  /** Log-probability of the answers per token, in nats. */
  logprob: Figure;
  /** The measure seed by seed. */
  bySeed: { seed: number; mean: number }[];
  /** Means over the updates. A set's tokens are those of all its passages. */
  supervisedTokens: number;
  epochs: number;
  learningRate: number | null;
  diverged: number;
}

/** One arm against another on the passages that both have: paired differences. */
export interface Comparison {
  arm: Arm;
  over: Arm;
  kind: string;
  regime: ArmFigure["regime"];
  budget: ArmFigure["budget"];
  wording: QuestionWording;
  passages: number;
  /** Of the measure; and of the log-probability per token, in nats. */
  difference: Figure & { p: number };
  logprob: Figure;
}

/** The pairs that the experiment is about. */
const PAIRS: [Arm, Arm][] = [
  ["passage", "none"],
  ["own", "passage"],
  ["seal", "own"],
  ["seal", "passage"],
  ["best", "own"],
  ["best", "random"],
  ["seal", "best"],
  ["teacher", "own"],
  ["seal", "teacher"],
];

/** A passage's figures under one arm: means over its seeds and edits. */
interface Cell {
  passageId: number;
  exact: number;
  match: number | null;
  logprob: number;
}

/** The rows of one arm in one form and wording. */
export interface Group {
  arm: Arm;
  kind: string;
  regime: ArmFigure["regime"];
  budget: ArmFigure["budget"];
  wording: QuestionWording;
  rows: ArmFigure[];
  cells: Map<number, Cell>;
}

/** The rows of the reported arms, in the order of the arms. */
export function groupArms(
  figures: readonly ArmFigure[],
  config: Pick<ExperimentConfig, "arms" | "samples">,
): Group[] {
  const wanted = new Set<string>(config.arms);
  const rows = figures.filter(
    ({ role, use, arm, ordinal, regime }) =>
      role === "report" &&
      use === "report" &&
      wanted.has(arm) &&
      ordinal < (regime === "single" ? config.samples : 1),
  );
  const groups = Map.groupBy(rows, ({ arm, kind, regime, budget, wording }) =>
    [regime, budget, wording, kind, arm].join("\n"),
  );
  const order = (group: Group) => [
    group.regime,
    group.budget,
    group.wording === "seen" ? 1 : 0,
    group.kind === "" ? 0 : 1,
    group.kind,
    ARMS.indexOf(group.arm),
  ];
  return [...groups.values()]
    .map((own): Group => {
      const { arm, kind, regime, budget, wording } = own[0]!;
      return { arm: arm as Arm, kind, regime, budget, wording, rows: own, cells: cellsOf(own) };
    })
    .sort((a, b) => compare(order(a), order(b)));
}

/** One line for each arm, form and wording. */
export function armLines(groups: readonly Group[], seed: number): ArmLine[] {
  return groups.map(({ arm, kind, regime, budget, wording, rows, cells }): ArmLine => {
    const all = [...cells.values()];
    const answered = all.every(({ match }) => match !== null);
    const bySeed = [...Map.groupBy(rows, (row) => row.seed)].map(([seed, own]) => ({
      seed,
      mean: mean(own.map(({ match, exact }) => match ?? exact)),
    }));
    const updates = [...new Map(rows.map((row) => [row.updateId, row])).values()];
    return {
      arm,
      kind,
      regime,
      budget,
      wording,
      passages: all.length,
      exact: figureOf(
        all.map(({ exact }) => exact),
        seed,
      ),
      match: answered
        ? figureOf(
            all.map(({ match }) => match!),
            seed,
          )
        : null,
      logprob: figureOf(
        all.map(({ logprob }) => logprob),
        seed,
      ),
      bySeed: bySeed.sort((a, b) => a.seed - b.seed),
      supervisedTokens: mean(updates.map(({ supervisedTokens }) => supervisedTokens)),
      epochs: mean(updates.map(({ epochs }) => epochs)),
      learningRate: arm === "none" ? null : updates[0]!.learningRate,
      diverged: updates.filter(({ diverged }) => diverged).length,
    };
  });
}

/**
 * Paired differences between arms of one form; an arm without edits is compared with every kind.
 * @param of the groups that are compared with others; all of them unless it is said
 */
export function comparisons(
  groups: readonly Group[],
  seed: number,
  of: readonly Group[] = groups,
): Comparison[] {
  return of.flatMap((group) =>
    PAIRS.filter(([arm]) => arm === group.arm).flatMap(([arm, over]): Comparison[] => {
      const { kind, regime, budget, wording } = group;
      const other = groups.find(
        (it) =>
          it.arm === over &&
          it.regime === regime &&
          it.budget === budget &&
          it.wording === wording &&
          it.kind === (hasEdits(over) ? kind : ""),
      );
      if (!other) return [];
      const pairs = [...group.cells.values()].flatMap((cell) => {
        const against = other.cells.get(cell.passageId);
        return against ? [{ cell, against }] : [];
      });
      if (pairs.length === 0) return [];
      const differences = (value: (cell: Cell) => number) =>
        pairs.map(({ cell, against }) => value(cell) - value(against));
      const form = { arm, over, kind, regime, budget, wording, passages: pairs.length };
      const difference = pairedTest(
        differences(({ match, exact }) => match ?? exact),
        seed,
      );
      const logprob = figureOf(
        differences((cell) => cell.logprob),
        seed,
      );
      return [{ ...form, difference, logprob }];
    }),
  );
}

/** The mean over seeds of the means over the rows of each. */
export function overSeeds<Row extends { seed: number }>(
  rows: readonly Row[],
  value: (row: Row) => number,
): number {
  const seeds = [...Map.groupBy(rows, ({ seed }) => seed).values()];
  return mean(seeds.map((own) => mean(own.map(value))));
}

/** Seeds and edits are averaged before passages are: the passage is what is drawn at random. */
function cellsOf(rows: readonly ArmFigure[]): Map<number, Cell> {
  const byPassage = Map.groupBy(rows, ({ passageId }) => passageId);
  return new Map(
    [...byPassage].map(([passageId, own]) => {
      const over = (value: (row: ArmFigure) => number) => overSeeds(own, value);
      const answered = own.every(({ match }) => match !== null);
      const cell = {
        passageId,
        exact: over(({ exact }) => exact),
        match: answered ? over(({ match }) => match!) : null,
        logprob: over(({ logprob }) => logprob),
      };
      return [passageId, cell];
    }),
  );
}

/** A mean with its bootstrap interval. */
export function figureOf(values: number[], seed: number): Figure {
  return { mean: mean(values), ...bootstrap(values, seed) };
}

function compare(a: (string | number)[], b: (string | number)[]): number {
  for (const [i, value] of a.entries()) {
    if (value < b[i]!) return -1;
    if (value > b[i]!) return 1;
  }
  return 0;
}
