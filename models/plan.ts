import type { Hyperparameters } from "../trainer/model/hyperparameters.ts";
import type { TokenRow } from "../trainer/model/packing.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** The rows of one step. */
export interface PretrainBatch {
  rows: TokenRow[];
  tokens: number;
}

/** What one of the project's own models is made from. */
export interface PretrainPlan {
  /** All but the vocabulary, which the tokenizer knows. */
  shape: Omit<Hyperparameters, "vocabulary">;
  tokenizer: string;
  /** Where the model is written. */
  out: string;
  /** A step's rows depend on the seed and the step alone, so that an interrupted run goes on. */
  corpus(tokenizer: Tokenizer, seed: number): { batch(step: number): PretrainBatch };
}
