import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  addTaskUpdate,
  type ExperimentTask,
  findTaskUpdate,
  type NewTaskPrediction,
  savePredictions,
  type TaskUpdate,
} from "../../../db/tasks.ts";
import { seedFor } from "../../../trainer/random.ts";
import { sha256 } from "../../read/hash.ts";
import { attemptTask, scoreTask } from "../../skills/ask.ts";
import { type Recipe, recipeText } from "../../skills/recipe.ts";
import { IN_CONTEXT, type TrainedTask, trainTask } from "../../skills/train.ts";
import type { TaskLab } from "./lab.ts";

/** Adapters that are scored in one call; the base's part of the work is shared by them. */
const SCORED_TOGETHER = 8;
const MAX_SEED = 0x7fffffff;

/** A task under one recipe; none is the untouched base. */
export interface TaskSpec {
  recipe: Recipe | null;
  seed: number;
}

interface Trained extends TrainedTask {
  spec: TaskSpec;
}

/**
 * Learns a task with each of several recipes, each on an adapter of its own from the one loaded base, scores
 * its tests under all of them and, where `predict` says so, lets each answer in several views; then the
 * adapters are forgotten. What is recorded already is not done again, and recipes that are the same are
 * learned once.
 * @returns an update for each, in their order
 * @throws TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function learnTask(
  lab: TaskLab,
  task: ExperimentTask,
  specs: readonly TaskSpec[],
  { predict }: { predict: boolean },
): Promise<TaskUpdate[]> {
  const find = (spec: TaskSpec) => {
    const there = findTaskUpdate(lab.db, placeOf(lab, task, spec));
    return there && (!predict || there.views !== null) ? there : undefined;
  };
  const missing = new Map(
    specs.flatMap((spec): [string, TaskSpec][] =>
      find(spec) ? [] : [[JSON.stringify([keyOf(spec), spec.seed]), spec]],
    ),
  );
  lab.onProgress({ phase: "", found: specs.length - missing.size });
  const todo = [...missing.values()];
  for (let i = 0; i < todo.length; i += SCORED_TOGETHER) {
    const group = todo.slice(i, i + SCORED_TOGETHER);
    await learnGroup(lab, task, group, predict);
    lab.onProgress({ phase: "", learned: group.length });
  }
  return specs.map((spec) => find(spec)!);
}

async function learnGroup(
  lab: TaskLab,
  task: ExperimentTask,
  specs: readonly TaskSpec[],
  predict: boolean,
): Promise<void> {
  const trained: Trained[] = [];
  try {
    for (const spec of specs) {
      lab.signal.throwIfAborted();
      trained.push({ spec, ...(await train(lab, task, spec)) });
    }
    const adapters = trained.map(({ adapter }) => adapter);
    const scores = await scoreTask(await lab.trainer(), task, adapters, lab.signal);
    for (const [i, { spec, training, figures, adapter }] of trained.entries()) {
      const { rows, epochs, bounded, unreadable } = training;
      const update = addTaskUpdate(lab.db, {
        ...placeOf(lab, task, spec),
        recipe: spec.recipe,
        rows: rows.length,
        ...{ epochs, bounded, unreadable },
        ...figures,
        ...scores[i]!,
      });
      if (predict) await predictTests(lab, task, update, adapter);
    }
  } finally {
    for (const { adapter } of trained) if (adapter) rmSync(adapter, { force: true });
  }
}

async function train(
  lab: TaskLab,
  task: ExperimentTask,
  { recipe, seed }: TaskSpec,
): Promise<TrainedTask> {
  if (!recipe) return IN_CONTEXT;
  // What writes text takes an adapter of the same name for the same adapter.
  const name = sha256(JSON.stringify(placeOf(lab, task, { recipe, seed })));
  return trainTask(await lab.trainer(), task, recipe, {
    ...lab.config,
    // The same rows and initial weights for every recipe of a task.
    seed: seedFor(seed, `task ${task.ordinal}`) % MAX_SEED,
    out: join(lab.home.adapters, lab.scratch, `${name}.gguf`),
    signal: lab.signal,
  });
}

async function predictTests(
  lab: TaskLab,
  task: ExperimentTask,
  { id, seed }: TaskUpdate,
  adapter: string | null,
): Promise<void> {
  const models = { trainer: await lab.trainer(), generator: await lab.generator() };
  const { views } = lab.config;
  // The same views for every recipe of a task.
  const own = seedFor(seed, `views ${task.ordinal}`) % MAX_SEED;
  const options = { adapter, views, seed: own, signal: lab.signal };
  const attempts = await attemptTask(models, task, options);
  const predictions = attempts.flatMap((list, test) =>
    list.map(
      ({ output, votes }, i): NewTaskPrediction => ({
        ...{ test, attempt: i + 1, output, votes },
        right: output === task.test[test]!.output,
      }),
    ),
  );
  savePredictions(lab.db, id, views, predictions);
}

function placeOf({ experiment }: TaskLab, { id }: ExperimentTask, spec: TaskSpec) {
  return { experimentId: experiment.id, taskId: id, key: keyOf(spec), seed: spec.seed };
}

function keyOf({ recipe }: TaskSpec): string {
  return recipe ? recipeText(recipe) : "";
}
