import { statSync } from "node:fs";
import { EMBEDDED_MODEL } from "../../app/config.ts";
import { chooseThreads } from "../../trainer/process/threads.ts";
import { runArm } from "./arms.ts";
import type { Bench } from "./bench.ts";
import { lessonJobs, outcomeOf } from "./lessons.ts";
import { CANDIDATES, OURS, PUBLISHED, type Recipe } from "./recipes.ts";
import type { Side } from "./run.ts";

/** Passages on which a recipe is chosen, and others on which it is reported. */
const CHOICE = { seed: 41, lessons: 72 };
const REPORT = { seed: 51, lessons: 24 };

interface Arm {
  name: string;
  side: Side;
  recipe: Recipe;
  layout?: "packed";
  /** Where none are given, the benchmark's for the peer and the trainer's own choice for us. */
  threads?: number;
}

/**
 * Seconds per update and what is then answered closed-book: the published recipe, and ours on both sides.
 * The peer has all threads, and one as well, since a model as small as this may gain nothing from more.
 */
export async function measureUpdate(bench: Bench): Promise<void> {
  const tuned = { ...OURS, precision: "f32" } as const;
  const arms: Arm[] = [
    { name: "peft-published", side: "peft", recipe: PUBLISHED },
    { name: "ours", side: "ours", recipe: OURS },
    { name: "peft-tuned", side: "peft", recipe: tuned, layout: "packed" },
    { name: "peft-tuned-1-thread", side: "peft", recipe: tuned, layout: "packed", threads: 1 },
    { name: "peft-published-1-thread", side: "peft", recipe: PUBLISHED, threads: 1 },
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
  const chosen = chooseThreads(statSync(EMBEDDED_MODEL).size, bench.threads, 0);
  const lessons = Math.min(all, bench.lessons);
  const key = `${part}/iii`;
  const recipes = Object.fromEntries(arms.map(({ name, recipe }) => [name, recipe]));
  const threadsOf = ({ side, threads = side === "ours" ? chosen : bench.threads }: Arm): number =>
    threads;
  const threads = Object.fromEntries(arms.map((arm) => [arm.name, threadsOf(arm)]));
  bench.store.describe(key, { seed, lessons, threads, recipes });
  const nameOf = ({ name }: Arm): string => name;
  await bench.interleave(key, arms, nameOf, async (measured, repetition) => {
    const { side, recipe, layout } = measured;
    // Initial weights and order differ from one repetition to the next, not from arm to arm.
    const options = { ...recipe.options, seed: repetition };
    const jobs = await lessonJobs(seed, lessons, options);
    const warmup = jobs[0]!.rows.slice(0, 3);
    const work = { threads: threadsOf(measured), lora: recipe.lora, options, warmup, jobs };
    const arm = { side, precision: recipe.precision, ...(layout && { layout }) };
    const outcome = await runArm(bench.places, "iii", arm, work);
    return { outcome, figures: outcomeOf(outcome) };
  });
}
