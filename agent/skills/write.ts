import type { ModelTrainer } from "../../trainer/types.ts";
import type { TextGenerator } from "../generator/types.ts";
import { Lengths } from "./lengths.ts";
import { recipePrompt } from "./prompts.ts";
import {
  AUGMENTATIONS,
  EPOCHS,
  RATES,
  RECIPE_JSON_SCHEMA,
  type Recipe,
  readRecipe,
  recipeText,
} from "./recipe.ts";
import type { Task } from "./task.ts";

/** Room for the white space that JSON may have. */
const ROOM_FOR_SPACE = 2;

/** A recipe as it was written; none where it was cut off. */
export interface WrittenRecipe {
  text: string;
  recipe: Recipe | undefined;
}

/**
 * What a writer of recipes is shown of a task: as many of its examples as leave room for one.
 * @returns the prompt, and how many tokens a recipe may have
 */
export async function recipeRequest(
  trainer: ModelTrainer,
  { train }: Pick<Task, "train">,
): Promise<{ prompt: string; maxTokens: number }> {
  const lengths = await Lengths.of(trainer, train);
  const [own = 0, recipe = 0] = await trainer.countTokens([recipePrompt([]), recipeText(LONGEST)]);
  const maxTokens = recipe * ROOM_FOR_SPACE;
  return { prompt: recipePrompt(lengths.last(train, own + maxTokens)), maxTokens };
}

/**
 * Lets the base, or the writer of an adapter, write recipes for a task, sampled as they come.
 * @throws TrainerError, GeneratorError
 */
export async function writeRecipes(
  { trainer, generator }: { trainer: ModelTrainer; generator: TextGenerator },
  task: Pick<Task, "train">,
  options: { count: number; seed: number; adapter?: string; signal: AbortSignal },
): Promise<WrittenRecipe[]> {
  const { count, seed, adapter, signal } = options;
  const request = await recipeRequest(trainer, task);
  const requests = Array.from({ length: count }, (_, i) => ({
    ...request,
    temperature: 1,
    seed: seed + i,
    schema: RECIPE_JSON_SCHEMA,
    ...(adapter !== undefined && { adapter }),
  }));
  const texts = await generator.generate(requests, { signal });
  return texts.map((text) => ({ text, recipe: readRecipe(text) }));
}

const LONGEST: Recipe = {
  ...(Object.fromEntries(AUGMENTATIONS.map((it) => [it, false])) as Record<
    (typeof AUGMENTATIONS)[number],
    boolean
  >),
  loss: "output",
  rate: RATES[0],
  epochs: EPOCHS.at(-1)!,
};
