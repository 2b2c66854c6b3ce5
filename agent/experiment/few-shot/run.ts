import { addTaskArms, type ExperimentTask, listTaskUpdates } from "../../../db/tasks.ts";
import type { Recipe } from "../../skills/recipe.ts";
import { ranked } from "../../skills/winners.ts";
import { type FewShotArm, searchedRecipes } from "./config.ts";
import { type TaskLab, tasksFor } from "./lab.ts";
import { learnTask } from "./learn.ts";
import { recipesFor } from "./recipes.ts";
import { trainRounds } from "./rounds.ts";
import { searchLines } from "./search.ts";

/**
 * Does all of an experiment that is not done yet: the search for the fixed recipe, the outer loops, and the
 * reported tasks with every arm, one after the other, so that what is there is balanced whenever it ends.
 * @returns whether all was done; false where the time was up
 * @throws TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function runAll(lab: TaskLab): Promise<boolean> {
  const { arms, seeds } = lab.config;
  const fixed = arms.includes("fixed") ? await searchFixed(lab) : undefined;
  if (arms.includes("fixed") && !fixed) return false;
  const writers = new Set<number>();
  for (const seed of seeds) {
    if (!arms.includes("seal")) break;
    const outcome = await trainRounds(lab, seed);
    if (outcome === "late") return false;
    if (outcome === "trained") writers.add(seed);
  }
  const tasks = tasksFor(lab, "report");
  for (const [i, task] of tasks.entries()) {
    for (const seed of seeds) {
      if (lab.isLate()) return false;
      lab.onProgress({ phase: `task ${i + 1} of ${tasks.length}, seed ${seed}` });
      await reportTask(lab, task, seed, { fixed, hasWriter: writers.has(seed) });
    }
  }
  return true;
}

/** The best of the searched recipes on the training tasks, with the first seed; none where the time was up. */
async function searchFixed(lab: TaskLab): Promise<Recipe | undefined> {
  const { db, config, experiment } = lab;
  const tasks = tasksFor(lab, "train");
  const [seed] = config.seeds;
  const specs = searchedRecipes(config).map((recipe) => ({ recipe, seed: seed! }));
  for (const [i, task] of tasks.entries()) {
    lab.onProgress({ phase: `choosing the fixed recipe: task ${i + 1} of ${tasks.length}` });
    if (lab.isLate()) return undefined;
    await learnTask(lab, task, specs, { predict: false });
  }
  return searchLines(listTaskUpdates(db, experiment.id), tasks, config)[0]!.recipe;
}

/** Every arm on one task. */
async function reportTask(
  lab: TaskLab,
  task: ExperimentTask,
  seed: number,
  { fixed, hasWriter }: { fixed: Recipe | undefined; hasWriter: boolean },
): Promise<void> {
  const { arms, samples, rounds } = lab.config;
  const planned: { arm: FewShotArm; ordinal: number; recipe: Recipe | null }[] = [];
  const written = async (arm: FewShotArm, after: number) => {
    const recipes = await recipesFor(lab, task, { rounds: after, seed, count: samples });
    // Where no recipe was written, nothing is learned.
    planned.push(...recipes.map(({ recipe }, ordinal) => ({ arm, ordinal, recipe })));
  };
  if (arms.includes("context")) planned.push({ arm: "context", ordinal: 0, recipe: null });
  if (arms.includes("own")) await written("own", 0);
  if (fixed) planned.push({ arm: "fixed", ordinal: 0, recipe: fixed });
  if (hasWriter) await written("seal", rounds);
  if (arms.includes("oracle")) {
    planned.push({ arm: "oracle", ordinal: 0, recipe: await searchOracle(lab, task, seed) });
  }
  const specs = planned.map(({ recipe }) => ({ recipe, seed }));
  const updates = await learnTask(lab, task, specs, { predict: true });
  const place = { experimentId: lab.experiment.id, seed, taskId: task.id };
  addTaskArms(
    lab.db,
    planned.map(({ arm, ordinal }, i) => ({ ...place, arm, ordinal, updateId: updates[i]!.id })),
  );
}

/** The searched recipe that is best on the very tests that are reported. */
async function searchOracle(lab: TaskLab, task: ExperimentTask, seed: number): Promise<Recipe> {
  const recipes = searchedRecipes(lab.config);
  const specs = recipes.map((recipe) => ({ recipe, seed }));
  const updates = await learnTask(lab, task, specs, { predict: false });
  return ranked(updates.map((update, i) => ({ ...update, recipe: recipes[i]! })))[0]!.recipe;
}
