import {
  type Arm,
  type ExperimentConfig,
  gridOf,
  kindsOf,
  reportPassages,
  rewards,
  selects,
} from "./config.ts";
import { formsOf } from "./run.ts";

/** How many passages an experiment learns in all, over and over: the time left is estimated from it. */
export function workOf(config: ExperimentConfig): number {
  const { kinds, seeds, edits, samples, regimes, rounds, writePassages } = config;
  const chosen = selects(config) ? edits * kinds.length : 0;
  const loops = config.arms.includes("seal")
    ? kinds.length * seeds.length * rounds * writePassages * edits
    : 0;
  const tuned = chosen * (isSearched(config) ? config.tune : 0);
  const single = regimes.includes("single") ? config.passages * armsOf(config, samples) : 0;
  const together = regimes.includes("together")
    ? config.sets * config.together * armsOf(config, 1)
    : 0;
  const selections = chosen * reportPassages(config);
  return searches(config) + loops + tuned + seeds.length * (selections + single + together);
}

/** Updates of one passage with one seed, over all arms and budgets. */
function armsOf(config: ExperimentConfig, samples: number): number {
  const each = (arm: Arm) =>
    arm === "none"
      ? 0
      : kindsOf(config, arm).length * (arm === "own" || arm === "seal" ? samples : 1);
  return config.budgets.length * config.arms.reduce((sum, arm) => sum + each(arm), 0);
}

function searches(config: ExperimentConfig): number {
  const points = (budget: Parameters<typeof gridOf>[1]) => {
    const { length } = gridOf(config.recipe, budget);
    return length > 1 ? length * config.tune : 0;
  };
  const forms = formsOf({ config });
  const hasOwn = forms.some(
    ({ arm, regime, budget }) => arm === "own" && regime === "single" && budget === "epochs",
  );
  // Rewards need it, whatever is reported.
  const own = hasOwn || !rewards(config) ? 0 : points("epochs") * config.kinds.length;
  return forms.reduce((sum, { budget }) => sum + points(budget), own);
}

function isSearched(config: ExperimentConfig): boolean {
  return searches(config) > 0;
}
