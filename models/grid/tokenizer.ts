/** Makes `models/grid/tokenizer.json`: bun models/grid/tokenizer.ts */
import { join } from "node:path";
import { allRecipes } from "../../agent/experiment/few-shot/config.ts";
import { OUTPUT_END, recipePrompt, taskPrompt } from "../../agent/skills/prompts.ts";
import { recipeText } from "../../agent/skills/recipe.ts";
import { storeTokenizer, tokenizerFile } from "../tokenizer/file.ts";
import { learnMerges } from "../tokenizer/learn.ts";
import { splitPieces } from "../tokenizer/split.ts";
import type { TokenizerFile } from "../tokenizer/tokenizer.ts";

export const GRID_TOKENIZER_PATH = join(import.meta.dirname, "tokenizer.json");

/** Each piece of the prompts and recipes becomes one token: cells are digits, which stand alone. */
export function makeGridTokenizer(): TokenizerFile {
  const counts = new Map<string, number>();
  const prompts = [taskPrompt([], "0"), OUTPUT_END, recipePrompt([])];
  for (const recipe of allRecipes()) {
    for (const text of [...prompts, recipeText(recipe)]) {
      for (const piece of splitPieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  const symbols = Number.POSITIVE_INFINITY;
  return tokenizerFile(learnMerges(counts, [{ symbols, allowed: () => true }]));
}

if (import.meta.main) storeTokenizer(GRID_TOKENIZER_PATH, makeGridTokenizer());
