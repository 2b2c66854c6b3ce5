import { mean } from "../../decide.ts";
import { pairedTest } from "../../measure/paired.ts";
import { type Figure, figureOf, overSeeds } from "../figures.ts";
import { FEW_SHOT_ARMS, type FewShotArm } from "./config.ts";

/** One reported task under one recipe of an arm, with one seed. */
export interface TaskResult {
  taskId: number;
  task: string;
  arm: FewShotArm;
  seed: number;
  ordinal: number;
  updateId: number;
  /** None where the base answered: in context, and where no recipe was written. */
  recipe: string | null;
  /** Whether all tests are right within two attempts, and with the first, of all views' answers. */
  solved: boolean;
  first: boolean;
  /** Share of the tests that greedy decoding gets right, asked once; and log p per token of the outputs. */
  exact: number;
  logprob: number;
  steps: number;
  /** Of the training. */
  seconds: number;
  bounded: boolean;
  diverged: boolean;
}

/** One arm over its tasks. */
export interface FewShotLine {
  arm: FewShotArm;
  tasks: number;
  solved: Figure;
  first: Figure;
  exact: Figure;
  logprob: Figure;
  bySeed: { seed: number; mean: number }[];
  /** Means over the trainings of different recipes; null where nothing was trained. */
  steps: number | null;
  seconds: number | null;
  /** How many of them the step budget cut, and how many diverged. */
  trained: number;
  bounded: number;
  diverged: number;
  /** Results without a recipe, which count as the base's. */
  invalid: number;
}

/** One arm against another on the tasks that both have. */
export interface FewShotComparison {
  arm: FewShotArm;
  over: FewShotArm;
  tasks: number;
  solved: Figure & { p: number };
  logprob: Figure;
}

const PAIRS: [FewShotArm, FewShotArm][] = [
  ["own", "context"],
  ["seal", "own"],
  ["seal", "fixed"],
  ["fixed", "own"],
  ["oracle", "seal"],
];

/** Intervals are drawn with this seed: the same rows give the same figures. */
const SEED = 1;

const share = (it: boolean) => (it ? 1 : 0);

/** One line for each arm. */
export function fewShotLines(results: readonly TaskResult[]): FewShotLine[] {
  const byArm = Map.groupBy(results, ({ arm }) => arm);
  return FEW_SHOT_ARMS.flatMap((arm): FewShotLine[] => {
    const own = byArm.get(arm);
    if (!own) return [];
    const over = (value: (it: TaskResult) => number) =>
      figureOf([...cellsOf(own, value).values()], SEED);
    const trained = [...new Map(own.map((it) => [it.updateId, it])).values()].filter(
      ({ recipe }) => recipe !== null,
    );
    const each = (value: (it: TaskResult) => number) =>
      trained.length === 0 ? null : mean(trained.map(value));
    return [
      {
        arm,
        tasks: new Set(own.map(({ taskId }) => taskId)).size,
        solved: over(({ solved }) => share(solved)),
        first: over(({ first }) => share(first)),
        exact: over(({ exact }) => exact),
        logprob: over(({ logprob }) => logprob),
        bySeed: [...Map.groupBy(own, ({ seed }) => seed)]
          .map(([seed, rows]) => ({ seed, mean: mean(rows.map(({ solved }) => share(solved))) }))
          .sort((a, b) => a.seed - b.seed),
        steps: each(({ steps }) => steps),
        seconds: each(({ seconds }) => seconds),
        trained: trained.length,
        bounded: trained.filter(({ bounded }) => bounded).length,
        diverged: trained.filter(({ diverged }) => diverged).length,
        invalid: arm === "context" ? 0 : own.filter(({ recipe }) => recipe === null).length,
      },
    ];
  });
}

/** Paired differences between arms, where both are there. */
export function fewShotComparisons(results: readonly TaskResult[]): FewShotComparison[] {
  const byArm = Map.groupBy(results, ({ arm }) => arm);
  return PAIRS.flatMap(([arm, over]): FewShotComparison[] => {
    const [own, other] = [byArm.get(arm), byArm.get(over)];
    if (!own || !other) return [];
    const differences = (value: (it: TaskResult) => number) => {
      const against = cellsOf(other, value);
      return [...cellsOf(own, value)].flatMap(([task, it]) => {
        const beside = against.get(task);
        return beside === undefined ? [] : [it - beside];
      });
    };
    const solved = differences((it) => share(it.solved));
    const logprob = differences((it) => it.logprob);
    if (solved.length === 0) return [];
    return [
      {
        arm,
        over,
        tasks: solved.length,
        solved: pairedTest(solved, SEED),
        logprob: figureOf(logprob, SEED),
      },
    ];
  });
}

/** Seeds and recipes are averaged before tasks are: the task is what is drawn at random. */
function cellsOf(
  results: readonly TaskResult[],
  value: (it: TaskResult) => number,
): Map<number, number> {
  const byTask = Map.groupBy(results, ({ taskId }) => taskId);
  return new Map([...byTask].map(([task, own]) => [task, overSeeds(own, value)]));
}
