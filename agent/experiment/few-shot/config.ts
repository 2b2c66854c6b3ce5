import { random, seedFor, shuffled } from "../../../trainer/random.ts";
import { LOSSES } from "../../skills/prompts.ts";
import { AUGMENTATIONS, EPOCHS, RATES, type Recipe } from "../../skills/recipe.ts";
import type { TaskTraining } from "../../skills/train.ts";
import type { ExperimentConfig } from "../config.ts";

/**
 * What is compared on each reported task:
 * - `context`: the untouched base, with the examples in its context
 * - `own`: trained with a recipe by the untouched base, as it comes
 * - `fixed`: with the one recipe, of those that are searched, which was best on the training tasks
 * - `seal`: with a recipe, as it comes, by the writer that the outer loop has trained
 * - `oracle`: with that recipe, of those that are searched, which is best on the task's own tests; it is
 *   selected on what it is reported on
 */
export const FEW_SHOT_ARMS = ["context", "own", "fixed", "seal", "oracle"] as const;
export type FewShotArm = (typeof FEW_SHOT_ARMS)[number];

/** All that the figures depend on, besides the tasks and the model. */
export interface FewShotConfig extends TaskTraining {
  arms: FewShotArm[];
  /** Each has an outer loop, recipes and initial weights of its own. */
  seeds: number[];
  /** Tasks that train the writer and choose the fixed recipe, and those that are reported. */
  trainTasks: number;
  reportTasks: number;
  /** Rounds of the outer loop, and M, the recipes of each training task in a round. */
  rounds: number;
  recipes: number;
  /** Recipes as they come over which the figures of `own` and `seal` are averaged. */
  samples: number;
  /** Recipes of the search. */
  search: number;
  /** Ways in which each test is asked; their answers vote. */
  views: number;
  writer: ExperimentConfig["writer"];
}

/**
 * The recipes of a search: so many of all that there are, drawn at random (Bergstra & Bengio 2012), and the
 * same for every task.
 */
export function searchedRecipes({ search }: Pick<FewShotConfig, "search">): Recipe[] {
  const all = allRecipes();
  const order = shuffled(all.length, random(seedFor(1, "search")));
  return order.slice(0, search).map((i) => all[i]!);
}

/** Every recipe that there is. */
export function allRecipes(): Recipe[] {
  const switches = Array.from({ length: 2 ** AUGMENTATIONS.length }, (_, bits) =>
    Object.fromEntries(AUGMENTATIONS.map((name, i) => [name, ((bits >> i) & 1) === 1])),
  ) as Pick<Recipe, (typeof AUGMENTATIONS)[number]>[];
  return switches.flatMap((augmentations) =>
    LOSSES.flatMap((loss) =>
      RATES.flatMap((rate) =>
        EPOCHS.map((epochs): Recipe => ({ ...augmentations, loss, rate, epochs })),
      ),
    ),
  );
}

/** How many trainings there are in all, recipes that come twice among them. */
export function workOf(config: FewShotConfig): number {
  const { arms, seeds, trainTasks, reportTasks, rounds, recipes, samples, search } = config;
  const has = (arm: FewShotArm, count: number) => (arms.includes(arm) ? count : 0);
  const perTask = has("context", 1) + has("own", samples) + has("fixed", 1) + has("seal", samples);
  return (
    has("fixed", search * trainTasks) +
    has("seal", seeds.length * rounds * trainTasks * recipes) +
    seeds.length * reportTasks * (perTask + has("oracle", search + 1))
  );
}
