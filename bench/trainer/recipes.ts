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

/** Steps of 128 tokens, with a higher rate. */
const PACKED: Change = { precision: "bf16", batchTokens: 128, learningRate: 5e-3 };
/** The lower half stays as it is: computed once per row, and never gone back through. */
const UPPER: Change = { ...PACKED, cacheFrozen: true, lora: { layers: { from: 2 } } };

/** All but the last block stays as it is. */
const LAST: Change = {
  ...PACKED,
  cacheFrozen: true,
  lora: { layers: { from: 3 }, rank: 16, alpha: 32 },
};

/** What was tried on passages that are not reported on (`--only recipes`): first what adds up, then what else. */
export const CANDIDATES: Readonly<Record<string, Recipe>> = {
  published: PUBLISHED,
  bf16: recipe({ precision: "bf16" }),
  packed: recipe({ ...PACKED, learningRate: 1e-3 }),
  "packed-rate-5e-3": recipe(PACKED),
  "upper-half": recipe(UPPER),
  "upper-half-rank-16": recipe({
    ...UPPER,
    lora: { layers: { from: 2 }, rank: 16, alpha: 32 },
  }),
  "last-block": recipe({ ...UPPER, lora: { layers: { from: 3 } } }),
  "last-block-rank-16": recipe(LAST),
  "last-block-epochs-13": recipe({ ...LAST, epochs: 13 }),
  "last-block-epochs-16": recipe({ ...LAST, epochs: 16 }),
  "last-block-rate-3e-3": recipe({ ...LAST, learningRate: 3e-3 }),
  "last-block-rate-3e-3-epochs-16": recipe({ ...LAST, learningRate: 3e-3, epochs: 16 }),
  "last-block-rate-3e-3-epochs-22": recipe({ ...LAST, learningRate: 3e-3, epochs: 22 }),
  "last-block-rate-2e-3-epochs-24": recipe({ ...LAST, learningRate: 2e-3, epochs: 24 }),
  "last-block-rank-32-rate-3e-3-epochs-20": recipe({
    ...LAST,
    learningRate: 3e-3,
    epochs: 20,
    lora: { layers: { from: 3 } },
  }),
  "upper-half-rate-2e-3-epochs-16": recipe({ ...UPPER, learningRate: 2e-3, epochs: 16 }),
  "upper-half-rate-3e-3-epochs-12": recipe({ ...UPPER, learningRate: 3e-3, epochs: 12 }),
  "last-block-rate-7e-3": recipe({ ...LAST, learningRate: 7e-3 }),
  "last-block-cosine-13": recipe({ ...LAST, epochs: 13, schedule: { kind: "cosine" } }),
  "last-block-rest-13": recipe({ ...LAST, epochs: 13, skipLearned: { below: 0.05, epochs: 1 } }),
  "upper-half-q8_0": recipe({ ...UPPER, precision: "q8_0" }),
  "upper-half-steps-256": recipe({ ...UPPER, batchTokens: 256, learningRate: 7e-3 }),
  "upper-half-stop-0.05": recipe({ ...UPPER, epochs: 15, stopWhenLearned: 0.05 }),
  "upper-half-rest": recipe({ ...UPPER, skipLearned: { below: 0.05, epochs: 1 } }),
  "upper-half-hardest": recipe({ ...UPPER, order: "hardest" }),
  "upper-half-linear": recipe({ ...UPPER, schedule: { kind: "linear" } }),
};

/** What is measured against the published recipe. */
export const OURS: Recipe = CANDIDATES["last-block-rate-3e-3-epochs-16"]!;
