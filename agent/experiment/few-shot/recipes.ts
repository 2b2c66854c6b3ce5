import {
  addTaskRecipes,
  type ExperimentTask,
  listTaskRecipes,
  type TaskRecipe,
} from "../../../db/tasks.ts";
import { seedFor } from "../../../trainer/random.ts";
import type { Recipe } from "../../skills/recipe.ts";
import { writeRecipes } from "../../skills/write.ts";
import { writerName } from "../edits.ts";
import { policyPath } from "../policy.ts";
import type { TaskLab } from "./lab.ts";

const MAX_SEED = 0x7fffffff - 1000;

/** A recipe as it was recorded. */
export type WrittenTaskRecipe = Omit<TaskRecipe, "recipe"> & { recipe: Recipe | null };

/**
 * Recipes for a task by the base, or by the writer after so many rounds, as they come: sampled in one
 * batch, recorded, and from then on the same. One that was cut off has no recipe.
 */
export async function recipesFor(
  lab: TaskLab,
  task: ExperimentTask,
  { rounds, seed, count }: { rounds: number; seed: number; count: number },
): Promise<WrittenTaskRecipe[]> {
  const { db, experiment, signal } = lab;
  const place = { experimentId: experiment.id, taskId: task.id, seed, writer: writerName(rounds) };
  const there = listTaskRecipes(db, place);
  if (there.length < count) {
    signal.throwIfAborted();
    const models = { trainer: await lab.trainer(), generator: await lab.generator() };
    // All writers are sampled with the same seeds: only the writer differs.
    const first = (seedFor(seed, `recipes ${task.ordinal}`) % MAX_SEED) + there.length;
    const adapter =
      rounds === 0 ? undefined : policyPath(lab, { seed, kind: "recipe", round: rounds });
    const written = await writeRecipes(models, task, {
      count: count - there.length,
      seed: first,
      signal,
      ...(adapter !== undefined && { adapter }),
    });
    addTaskRecipes(
      db,
      written.map(({ text, recipe = null }, i) => {
        return { ...place, ordinal: there.length + i, text, recipe };
      }),
    );
  }
  return listTaskRecipes(db, place).slice(0, count) as WrittenTaskRecipe[];
}
