import { type Arm, armName, runArm } from "./arms.ts";
import type { Bench } from "./bench.ts";
import { lessonJobs, outcomeOf } from "./lessons.ts";
import { SEAL_LORA, SEAL_OPTIONS } from "./workload.ts";

const SEED = 31;
const LESSONS = 32;
/** Training seeds, for training is chaotic: the smallest difference grows. */
const SEEDS = 3;

const ARMS: readonly Arm[] = [
  { side: "ours", precision: "f32" },
  { side: "ours", precision: "bf16" },
  { side: "ours", precision: "q8_0" },
  { side: "ours", precision: "q4_K" },
  { side: "peft", precision: "f32" },
  { side: "peft", precision: "bf16" },
];

/**
 * What a base in fewer bits costs: held-out answers after SEAL's recipe on the embedded model. Random
 * weights have no answers; of them the speed part has the training loss. Seconds do not matter here, so
 * the machine need not be quiet.
 */
export async function measurePrecision(bench: Bench): Promise<void> {
  if (!bench.models.includes("iii")) return;
  const lessons = Math.min(LESSONS, bench.lessons);
  bench.store.describe("precision/iii", {
    seed: SEED,
    lessons,
    seeds: SEEDS,
    lora: SEAL_LORA,
    options: SEAL_OPTIONS,
  });
  const measure = async (arm: Arm, seed: number) => {
    const { threads } = bench;
    const options = { ...SEAL_OPTIONS, seed };
    const jobs = await lessonJobs(SEED, lessons, options);
    const work = { threads, lora: SEAL_LORA, options, warmup: [], jobs };
    const outcome = await runArm(bench.places, "iii", arm, work);
    return { outcome, figures: outcomeOf(outcome) };
  };
  await bench.interleave("precision/iii", ARMS, armName, measure, SEEDS);
}
