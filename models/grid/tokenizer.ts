/** Makes `models/grid/tokenizer.json`: bun models/grid/tokenizer.ts */
import { join } from "node:path";
import { OUTPUT_END, recipePrompt, taskPrompt } from "../../agent/skills/prompts.ts";
import { recipeText } from "../../agent/skills/recipe.ts";
import { storeTokenizer, tokenizerFile } from "../tokenizer/file.ts";
import { learnMerges } from "../tokenizer/learn.ts";
import { splitPieces } from "../tokenizer/split.ts";
import type { TokenizerFile } from "../tokenizer/tokenizer.ts";
import { Rng } from "../world/rng.ts";
import { randomRecipe } from "./recipes.ts";

export const GRID_TOKENIZER_PATH = join(import.meta.dirname, "tokenizer.json");

/** Enough that every value of a recipe is among them. */
const RECIPES = 500;
const SEED = "tokenizer:1";

/** Each piece of the prompts and recipes becomes one token: cells are digits, which stand alone. */
export function makeGridTokenizer(): TokenizerFile {
  const rng = new Rng(SEED);
  const counts = new Map<string, number>();
  const prompts = [taskPrompt([], "0"), OUTPUT_END, recipePrompt([])];
  for (let i = 0; i < RECIPES; i++) {
    for (const text of [...prompts, recipeText(randomRecipe(rng))]) {
      for (const piece of splitPieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  const symbols = Number.POSITIVE_INFINITY;
  return tokenizerFile(learnMerges(counts, [{ symbols, allowed: () => true }]));
}

if (import.meta.main) storeTokenizer(GRID_TOKENIZER_PATH, makeGridTokenizer());
