import type { LoraOptions } from "../lora/options.ts";

/** A stretch of text; `loss` says whether its tokens are supervised. */
export interface Segment {
  text: string;
  loss: boolean;
}

/**
 * One training sequence. Segments are tokenized one by one and concatenated behind the model's
 * begin token (where its vocabulary asks for one). `end` appends the end token, supervised.
 */
export interface TrainingRow {
  segments: Segment[];
  end: boolean;
}

export interface TrainOptions {
  epochs: number;
  learningRate: number;
  /** Rows are packed into optimizer steps of at most this many tokens (a longer row stands alone). */
  batchTokens: number;
  weightDecay: number;
  seed: number;
}

export interface TrainJob {
  rows: TrainingRow[];
  lora: LoraOptions;
  options: TrainOptions;
  /** An adapter to continue from; its rank, alpha and targets must equal `lora`'s. */
  from?: string;
  /** Where the adapter GGUF is written (through a temporary name; never half a file). */
  out: string;
}

export interface TrainProgress {
  step: number;
  steps: number;
  epoch: number;
  /** Mean negative log-likelihood per supervised token of this step, in nats. */
  loss: number;
  tokensPerSecond: number;
  secondsLeft: number;
}

export interface TrainResult {
  path: string;
  /** Hex SHA-256 of the adapter file. */
  sha256: string;
  steps: number;
  /** Loss of each step. */
  losses: number[];
  /** Tokens processed and, of those, supervised, over all epochs. */
  tokens: number;
  supervisedTokens: number;
  seconds: number;
}
