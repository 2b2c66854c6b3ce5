import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { LOSSES } from "./prompts.ts";

/** Changes of the examples that a recipe may train on beside the examples themselves. */
export const AUGMENTATIONS = ["basic", "size", "chain", "repeat"] as const;
export type Augmentation = (typeof AUGMENTATIONS)[number];

export const RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01] as const;
export const EPOCHS = [1, 2, 4, 8] as const;

/**
 * How a task is learned from its examples, as SEAL's few-shot edit (arXiv 2506.10943, section 3.2): which
 * augmentations, which tokens have a loss, and how it is optimised. Values are enumerated, so that a
 * grammar leaves a small model few choices; the order of the keys is the order in which they are written.
 */
export const RecipeSchema = v.strictObject({
  basic: v.boolean(),
  size: v.boolean(),
  chain: v.boolean(),
  repeat: v.boolean(),
  loss: v.picklist(LOSSES),
  rate: v.picklist(RATES),
  epochs: v.picklist(EPOCHS),
});
export type Recipe = v.InferOutput<typeof RecipeSchema>;

/** What a writer's grammar is made of. */
export const RECIPE_JSON_SCHEMA: object = toJsonSchema(RecipeSchema);

/** A recipe as a writer is trained to write it: JSON without white space. */
export function recipeText(recipe: Recipe): string {
  const entries = Object.keys(RecipeSchema.entries).map((key) => [
    key,
    recipe[key as keyof Recipe],
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** Reads what a writer wrote; text that was cut off, or a value out of its limits, is no recipe. */
export function readRecipe(text: string): Recipe | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), RecipeSchema), text);
  return parsed.success ? parsed.output : undefined;
}
