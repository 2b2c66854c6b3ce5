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

const UPPER: Change = {
  precision: "bf16",
  batchTokens: 128,
  cacheFrozen: true,
  lora: { layers: { from: 2 }, rank: 16, alpha: 32 },
};

/** What was tried, one by one, on passages that are not reported on: `--only recipes`. */
export const CANDIDATES: Readonly<Record<string, Recipe>> = {
  published: PUBLISHED,
  a2: recipe({ ...UPPER, learningRate: 2e-3 }),
  a3: recipe({ ...UPPER, learningRate: 3e-3 }),
  a5: recipe({ ...UPPER, learningRate: 5e-3 }),
  r32: recipe({ ...UPPER, learningRate: 3e-3, lora: { ...UPPER.lora, rank: 32, alpha: 64 } }),
  e15: recipe({ ...UPPER, learningRate: 3e-3, epochs: 15, stopWhenLearned: 0.05 }),
  lin: recipe({ ...UPPER, learningRate: 5e-3, schedule: { kind: "linear" } }),
  plus: recipe({ ...UPPER, learningRate: 2e-3, rateRatio: 4 }),
  b64: recipe({ ...UPPER, batchTokens: 64, learningRate: 2e-3 }),
  b256: recipe({ ...UPPER, batchTokens: 256, learningRate: 5e-3, epochs: 15 }),
  l1: recipe({ ...UPPER, learningRate: 3e-3, lora: { ...UPPER.lora, layers: { from: 1 } } }),
  l3: recipe({ ...UPPER, learningRate: 3e-3, lora: { ...UPPER.lora, layers: { from: 3 } } }),
};

/** What is measured against the published recipe. */
export const OURS: Recipe = CANDIDATES.a3!;
