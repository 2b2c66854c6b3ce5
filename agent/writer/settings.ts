import type { LoraOptions, TrainOptions } from "../../trainer/types.ts";
import { LORA_TARGETS } from "../../trainer/types.ts";

/** With fewer pairs, no difference is unlikely enough: five have 32 ways of being swapped. */
export const MIN_TRY = 5;
/** Training on fewer examples says nothing about the next one. */
export const MIN_TRAIN = 4;

/** How the outer loop trains the writer of edits. */
export interface WriterSettings {
  /** Whether rounds begin by themselves. */
  rounds: boolean;
  /** New passages with rewarded edits that a round is trained on, and others that it is tried on. */
  trainPassages: number;
  tryPassages: number;
  /** Edits that either writer is tried with on a passage. */
  tryEdits: number;
  /** An edit counts while the student has moved on by at most this many versions. */
  maxAge: number;
  /** A new writer is adopted if so large a gain is less likely than this where it is no better. */
  significance: number;
  lora: LoraOptions;
  train: TrainOptions;
}

/** SEAL's M-step takes two epochs at a third of the inner loop's learning rate; so does this. */
export const DEFAULT_WRITER: WriterSettings = {
  rounds: true,
  trainPassages: 24,
  tryPassages: 12,
  tryEdits: 2,
  maxAge: 200,
  significance: 0.05,
  lora: { rank: 16, alpha: 32, targets: [...LORA_TARGETS] },
  train: { epochs: 2, learningRate: 1e-3, batchTokens: 1024, weightDecay: 0, seed: 1 },
};
