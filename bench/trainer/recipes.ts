import type { LoraOptions, TrainOptions } from "../../trainer/types.ts";
import type { Precision } from "./models.ts";
import { SEAL_LORA, SEAL_OPTIONS } from "./workload.ts";

/** A way to teach a passage. */
export interface Recipe {
  precision: Precision;
  lora: LoraOptions;
  options: TrainOptions;
}

/** As SEAL publishes it: rank 32, alpha 64, learning rate 1e-3, 10 epochs, batch 1. */
export const PUBLISHED: Recipe = { precision: "f32", lora: SEAL_LORA, options: SEAL_OPTIONS };

interface Change extends Partial<TrainOptions> {
  precision?: Precision;
  lora?: Partial<LoraOptions>;
}

function recipe({ precision = "f32", lora, ...options }: Change): Recipe {
  return {
    precision,
    lora: { ...PUBLISHED.lora, ...lora },
    options: { ...PUBLISHED.options, ...options },
  };
}

const PACKED: Change = { batchTokens: 256, learningRate: 3e-3, stopWhenLearned: 0.1 };
const UPPER: Change = { lora: { layers: { from: 2 } }, cacheFrozen: true };

/** What was tried, one by one, on passages that are not reported on: `--only recipes`. */
export const CANDIDATES: Readonly<Record<string, Recipe>> = {
  published: PUBLISHED,
  bf16: recipe({ precision: "bf16" }),
  "packed-256": recipe({ batchTokens: 256, learningRate: 3e-3 }),
  "packed-512": recipe({ batchTokens: 512, learningRate: 5e-3 }),
  "packed-256-stop": recipe(PACKED),
  "packed-512-stop": recipe({ ...PACKED, batchTokens: 512, learningRate: 5e-3, epochs: 20 }),
  "packed-256-stop-bf16": recipe({ ...PACKED, precision: "bf16" }),
  "packed-256-stop-skip": recipe({ ...PACKED, skipLearned: { below: 0.1, epochs: 2 } }),
  "packed-256-stop-rank-8": recipe({ ...PACKED, lora: { rank: 8, alpha: 16 } }),
  "packed-256-stop-upper": recipe({ ...PACKED, ...UPPER }),
  "packed-256-stop-upper-rank-16": recipe({
    ...PACKED,
    ...UPPER,
    lora: { ...UPPER.lora, rank: 16, alpha: 32 },
  }),
};

/** What is measured against the published recipe. */
export const OURS: Recipe = CANDIDATES["packed-256-stop"]!;
