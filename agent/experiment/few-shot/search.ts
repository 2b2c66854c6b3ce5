import type { TrialScore } from "../../../db/skills.ts";
import type { ExperimentTask, TaskUpdate } from "../../../db/tasks.ts";
import { mean } from "../../decide.ts";
import { type Recipe, recipeText } from "../../skills/recipe.ts";
import { ranked } from "../../skills/winners.ts";
import { type FewShotConfig, searchedRecipes } from "./config.ts";

/** A searched recipe with its means over the training tasks. */
export interface SearchLine extends TrialScore {
  recipe: Recipe;
}

/**
 * Every searched recipe on the training tasks, the best first; nothing of one that has not been tried on all
 * of them.
 * @param updates of the experiment
 */
export function searchLines(
  updates: readonly TaskUpdate[],
  tasks: readonly ExperimentTask[],
  config: Pick<FewShotConfig, "search" | "seeds">,
): SearchLine[] {
  const ids = new Set(tasks.filter(({ role }) => role === "train").map(({ id }) => id));
  const tried = updates.filter(({ taskId, seed }) => seed === config.seeds[0] && ids.has(taskId));
  const byKey = Map.groupBy(tried, ({ key }) => key);
  const lines = searchedRecipes(config).flatMap((recipe): SearchLine[] => {
    const own = byKey.get(recipeText(recipe)) ?? [];
    if (own.length < ids.size) return [];
    const exact = mean(own.map((it) => it.exact));
    return [{ recipe, exact, logprob: mean(own.map((it) => it.logprob)) }];
  });
  return ranked(lines);
}
