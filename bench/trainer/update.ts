import { runArm } from "./arms.ts";
import type { Bench } from "./bench.ts";
import { lessonJobs, outcomeOf } from "./lessons.ts";
import { CANDIDATES, OURS, PUBLISHED, type Recipe } from "./recipes.ts";
import type { Side } from "./run.ts";

/** Passages on which a recipe is chosen, and others on which it is reported. */
const CHOICE = { seed: 41, lessons: 24 };
const REPORT = { seed: 51, lessons: 24 };

interface Arm {
  name: string;
  side: Side;
  recipe: Recipe;
  layout?: "packed";
}

/** Seconds per update and what is then answered closed-book: the published recipe, and ours on both sides. */
export async function measureUpdate(bench: Bench): Promise<void> {
  const arms: Arm[] = [
    { name: "peft-published", side: "peft", recipe: PUBLISHED },
    { name: "ours", side: "ours", recipe: OURS },
    { name: "peft-tuned", side: "peft", recipe: { ...OURS, precision: "f32" }, layout: "packed" },
    { name: "ours-published", side: "ours", recipe: PUBLISHED },
  ];
  await measure(bench, "update", REPORT, arms);
}

/** The candidates once each, on passages of their own. */
export async function measureRecipes(bench: Bench): Promise<void> {
  const arms = Object.entries(CANDIDATES).map(
    ([name, recipe]): Arm => ({ name, side: "ours", recipe }),
  );
  await measure(bench, "recipes", CHOICE, arms);
}

async function measure(
  bench: Bench,
  part: string,
  { seed, lessons: all }: typeof REPORT,
  arms: readonly Arm[],
): Promise<void> {
  if (!bench.models.includes("iii")) return;
  const { threads } = bench;
  const lessons = Math.min(all, bench.lessons);
  const key = `${part}/iii`;
  const recipes = Object.fromEntries(arms.map(({ name, recipe }) => [name, recipe]));
  bench.store.describe(key, { seed, lessons, threads, recipes });
  const nameOf = ({ name }: Arm): string => name;
  await bench.interleave(key, arms, nameOf, async ({ side, recipe, layout }, repetition) => {
    // Initial weights and order differ from one repetition to the next, not from arm to arm.
    const options = { ...recipe.options, seed: repetition };
    const jobs = await lessonJobs(seed, lessons, options);
    const warmup = jobs[0]!.rows.slice(0, 3);
    const work = { threads, lora: recipe.lora, options, warmup, jobs };
    const arm = { side, precision: recipe.precision, ...(layout && { layout }) };
    const outcome = await runArm(bench.places, "iii", arm, work);
    return { outcome, figures: outcomeOf(outcome) };
  });
}
