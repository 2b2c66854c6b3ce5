import { type ExperimentPolicy, listExperimentPolicies } from "../../../db/experiment-results.ts";
import { type Experiment, getExperiment } from "../../../db/experiments.ts";
import type { Database } from "../../../db/open.ts";
import {
  allTaskRecipes,
  type ExperimentTask,
  listExperimentTasks,
  listPredictions,
  listTaskArms,
  listTaskUpdates,
  type TaskUpdate,
} from "../../../db/tasks.ts";
import { mean } from "../../decide.ts";
import { AUGMENTATIONS, type Augmentation, type Recipe, recipeText } from "../../skills/recipe.ts";
import type { FewShotArm, FewShotConfig } from "./config.ts";
import {
  type FewShotComparison,
  type FewShotLine,
  fewShotComparisons,
  fewShotLines,
  type TaskResult,
} from "./figures.ts";
import { type SearchLine, searchLines } from "./search.ts";

/** The recipes of one writer on the tasks of one part. */
export interface WriterLine {
  writer: string;
  seed: number;
  role: ExperimentTask["role"];
  recipes: number;
  /** Texts that were no recipe. */
  invalid: number;
  /** Of the others: how many different ones, and means. */
  different: number;
  augmentations: Record<Augmentation, number>;
  /** Share with a loss on the outputs alone. */
  output: number;
  /** Geometric mean. */
  rate: number;
  epochs: number;
  /** Share of the trained tasks' tests that greedy decoding gets right; null where they were not scored. */
  exact: number | null;
}

/** All that an experiment of few examples found, from its rows. */
export interface FewShotReport {
  experiment: Experiment;
  config: FewShotConfig;
  tasks: { report: number; reported: number; train: number };
  updates: number;
  arms: FewShotLine[];
  comparisons: FewShotComparison[];
  /** The searched recipes on the training tasks, the best first: it is the fixed one. */
  search: SearchLine[];
  writers: WriterLine[];
  rounds: Omit<ExperimentPolicy, "experimentId" | "kind">[];
  /** Seconds of a recipe: training it, and planning, scoring and answering with it. */
  secondsPerRecipe: { training: number; all: number } | null;
}

/** Works out what an experiment found, finished or not; none where there is no such experiment. */
export function reportFewShot(db: Database, id: number): FewShotReport | undefined {
  const experiment = getExperiment(db, id);
  if (!experiment) return undefined;
  const config = experiment.config as unknown as FewShotConfig;
  const tasks = listExperimentTasks(db, id);
  const updates = listTaskUpdates(db, id);
  const results = taskResults(db, id);
  const trained = updates.filter(({ recipe }) => recipe !== null);
  const count = (role: ExperimentTask["role"]) => tasks.filter((it) => it.role === role).length;
  return {
    experiment,
    config,
    tasks: {
      report: count("report"),
      reported: new Set(results.map(({ taskId }) => taskId)).size,
      train: count("train"),
    },
    updates: updates.length,
    arms: fewShotLines(results),
    comparisons: fewShotComparisons(results),
    search: searchLines(updates, tasks, config),
    writers: writerLines(db, id, tasks, updates),
    rounds: listExperimentPolicies(db, id).map(({ experimentId: _, kind: __, ...it }) => it),
    secondsPerRecipe:
      trained.length === 0
        ? null
        : {
            training: mean(trained.map(({ seconds }) => seconds)),
            all: experiment.seconds / trained.length,
          },
  };
}

/** The rows that the figures are made of. */
export function taskResults(db: Database, id: number): TaskResult[] {
  const tasks = new Map(listExperimentTasks(db, id).map((task) => [task.id, task]));
  const updates = new Map(listTaskUpdates(db, id).map((update) => [update.id, update]));
  const predictions = Map.groupBy(listPredictions(db, id), ({ updateId }) => updateId);
  return listTaskArms(db, id).map(({ arm, seed, taskId, ordinal, updateId }): TaskResult => {
    const { name, test } = tasks.get(taskId)!;
    const { recipe, exact, logprob, steps, seconds, bounded, diverged } = updates.get(updateId)!;
    const right = (predictions.get(updateId) ?? []).filter((it) => it.right);
    const within = (attempts: number) =>
      new Set(right.filter((it) => it.attempt <= attempts).map((it) => it.test)).size ===
      test.length;
    return {
      ...{ taskId, task: name, arm: arm as FewShotArm, seed, ordinal, updateId },
      recipe: recipe && recipeText(recipe as Recipe),
      solved: within(Number.POSITIVE_INFINITY),
      first: within(1),
      ...{ exact, logprob, steps, seconds, bounded, diverged },
    };
  });
}

function writerLines(
  db: Database,
  id: number,
  tasks: readonly ExperimentTask[],
  updates: readonly TaskUpdate[],
): WriterLine[] {
  const roles = new Map(tasks.map((task) => [task.id, task.role]));
  const placeOf = (taskId: number, seed: number, key: string) => `${taskId} ${seed} ${key}`;
  const scores = new Map(
    updates.map(({ taskId, seed, key, exact }) => [placeOf(taskId, seed, key), exact]),
  );
  const groups = Map.groupBy(allTaskRecipes(db, id), ({ taskId, seed, writer }) =>
    [roles.get(taskId), seed, writer].join("\n"),
  );
  return [...groups.values()].map((own): WriterLine => {
    const { writer, seed, taskId } = own[0]!;
    const role = roles.get(taskId)!;
    const valid = own.flatMap(({ recipe, taskId }) =>
      recipe ? [{ taskId, recipe: recipe as Recipe }] : [],
    );
    const over = (value: (recipe: Recipe) => number) =>
      mean(valid.map(({ recipe }) => value(recipe)));
    const shares = AUGMENTATIONS.map((name) => [name, over((it) => (it[name] ? 1 : 0))]);
    return {
      ...{ writer, seed, role, recipes: own.length, invalid: own.length - valid.length },
      different: new Set(valid.map(({ recipe }) => recipeText(recipe))).size,
      augmentations: Object.fromEntries(shares) as Record<Augmentation, number>,
      output: over(({ loss }) => (loss === "output" ? 1 : 0)),
      rate: Math.exp(over(({ rate }) => Math.log(rate))),
      epochs: over(({ epochs }) => epochs),
      exact: meanOf(
        valid.map(({ taskId, recipe }) => scores.get(placeOf(taskId, seed, recipeText(recipe)))),
      ),
    };
  });
}

function meanOf(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((it) => it !== undefined);
  return known.length === 0 ? null : mean(known);
}
