import type { LoraOptions, TrainOptions } from "../../trainer/types.ts";
import type { Precision } from "./models.ts";
import { SEAL_LORA, SEAL_OPTIONS } from "./workload.ts";

/** A way to teach a passage. */
export interface Recipe {
  precision: Precision;
  lora: Pick<LoraOptions, "rank" | "alpha">;
  options: TrainOptions;
}

/** As SEAL publishes it: rank 32, alpha 64, learning rate 1e-3, 10 epochs, batch 1. */
export const PUBLISHED: Recipe = {
  precision: "f32",
  lora: { rank: SEAL_LORA.rank, alpha: SEAL_LORA.alpha },
  options: SEAL_OPTIONS,
};

function change(
  options: Partial<TrainOptions>,
  rest: Partial<Omit<Recipe, "options">> = {},
): Recipe {
  return { ...PUBLISHED, ...rest, options: { ...PUBLISHED.options, ...options } };
}

/** What was tried, one by one, on passages that are not reported on: `--only recipes`. */
export const CANDIDATES: Readonly<Record<string, Recipe>> = {
  published: PUBLISHED,
  bf16: change({}, { precision: "bf16" }),
  "packed-128": change({ batchTokens: 128 }),
  "packed-256": change({ batchTokens: 256 }),
  "packed-512": change({ batchTokens: 512 }),
  "packed-128-rate-2": change({ batchTokens: 128, learningRate: 2e-3 }),
  "packed-256-rate-3": change({ batchTokens: 256, learningRate: 3e-3 }),
  "packed-512-rate-4": change({ batchTokens: 512, learningRate: 4e-3 }),
  "packed-256-rate-3-stop": change({
    batchTokens: 256,
    learningRate: 3e-3,
    stopWhenLearned: 0.1,
  }),
  "packed-512-rate-4-stop": change({
    batchTokens: 512,
    learningRate: 4e-3,
    stopWhenLearned: 0.1,
  }),
  "packed-512-rate-4-rank-8": change(
    { batchTokens: 512, learningRate: 4e-3 },
    { lora: { rank: 8, alpha: 16 } },
  ),
};

/** What is measured against the published recipe. */
export const OURS: Recipe = CANDIDATES["packed-256-rate-3-stop"]!;
