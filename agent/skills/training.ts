import type { ModelTrainer, TrainingRow } from "../../trainer/types.ts";
import { trainingTasks } from "./augment.ts";
import { Lengths } from "./lengths.ts";
import { type Pair, taskRow } from "./prompts.ts";
import type { Recipe } from "./recipe.ts";
import type { Task } from "./task.ts";

/** A recipe made into rows, within what a training may take. */
export interface Training {
  rows: TrainingRow[];
  epochs: number;
  /** Whether the recipe asked for more epochs or rows. */
  bounded: boolean;
  /** Rows that were left out because the model cannot read so long a text. */
  unreadable: number;
}

/**
 * What a task is trained on under a recipe. Examples at the beginning of a row are left out where it is
 * too long for the model; where the whole takes more than `maxTokens`, there are fewer epochs, and where one
 * takes more, fewer rows.
 */
export async function planTraining(
  trainer: ModelTrainer,
  task: Pick<Task, "format" | "train">,
  recipe: Recipe,
  { seed, maxTokens }: { seed: number; maxTokens: number },
): Promise<Training> {
  const all = trainingTasks(task, recipe, seed);
  const lengths = await Lengths.of(trainer, all.flat());
  const readable = all.flatMap((pairs) => {
    const kept = lengths.last(pairs, 0);
    return kept.length > 1 ? [kept] : [];
  });
  const sizes = readable.map((pairs) => pairs.reduce((sum, pair) => sum + lengths.pair(pair), 0));
  const rows = firstWithin(readable, sizes, maxTokens);
  const total = sizes.slice(0, rows.length).reduce((sum, size) => sum + size, 0);
  const epochs = Math.min(recipe.epochs, Math.max(1, Math.floor(maxTokens / total)));
  return {
    rows: rows.map((pairs) => taskRow(pairs, recipe.loss)),
    epochs,
    bounded: rows.length < readable.length || epochs < recipe.epochs,
    unreadable: all.length - readable.length,
  };
}

/** As many of the first rows as have so many tokens together, and one at least. */
function firstWithin(rows: readonly Pair[][], sizes: readonly number[], limit: number): Pair[][] {
  let left = limit;
  const end = sizes.findIndex((size) => {
    left -= size;
    return left < 0;
  });
  return rows.slice(0, end < 0 ? rows.length : Math.max(1, end));
}
