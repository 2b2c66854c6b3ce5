import { LOSSES } from "../../agent/skills/prompts.ts";
import { AUGMENTATIONS, EPOCHS, RATES, type Recipe } from "../../agent/skills/recipe.ts";
import type { Rng } from "../world/rng.ts";

/** Any recipe, all equally likely: the model learns how they are written, not which is good. */
export function randomRecipe(rng: Rng): Recipe {
  const switches = AUGMENTATIONS.map((name) => [name, rng.chance(0.5)]);
  return {
    ...(Object.fromEntries(switches) as Record<(typeof AUGMENTATIONS)[number], boolean>),
    loss: rng.pick(LOSSES),
    rate: rng.pick(RATES),
    epochs: rng.pick(EPOCHS),
  };
}
