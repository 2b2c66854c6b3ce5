import type { LoraOptions } from "../lora/options.ts";
import type { Schedule } from "./schedule.ts";

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
  /** What the loss of each of its tokens counts, from 0 up; 1 where it is not said. */
  weight?: number;
  /**
   * Adds this much times KL(base || adapted), the divergence of the adapted model's predictions from
   * those of the model without any adapter, at each supervised token: what is learned elsewhere
   * changes little here. With `weight: 0` the row's own tokens are not learned at all.
   */
  kl?: number;
  /** The one epoch that has the row, counting from 1; every epoch has it where it is not said. */
  epoch?: number;
}

/** How the weights are trained. What is not said is as in {@link TrainOptions}' descriptions. */
export interface TrainOptions {
  epochs: number;
  /** AdamW's (arXiv 1711.05101), above 0 and at most 1. */
  learningRate: number;
  /** Rows are packed into optimizer steps of at most this many tokens (a longer row stands alone). */
  batchTokens: number;
  weightDecay: number;
  seed: number;
  /**
   * A step's rows are computed in graphs of at most this many tokens, whose gradients are summed: less
   * memory, the same step. Where it is not said, a loaded trainer chooses: all of a step in one graph up
   * to 2,048 tokens, smaller ones where memory is short.
   */
  microBatchTokens?: number;
  /** The learning rate's course over the steps; constant without it. */
  schedule?: Schedule;
  /** Gradients are scaled down to this global L2 norm (arXiv 1211.5063) where theirs is larger. */
  clipNorm?: number;
  /** LoRA+ (arXiv 2402.12354): B's learning rate is this many times A's. 1 by default. */
  rateRatio?: number;
  /** Share of LoRA's input values that are zero in each step, from 0 (default) to below 1. */
  dropout?: number;
  /**
   * Computes each block again in the backward pass instead of keeping what it computed (arXiv
   * 1604.06174): less memory for about a third more time, the same gradients.
   */
  recompute?: boolean;
  /**
   * Computes what lies below the lowest adapted layer once per row, and keeps it in memory
   * (4 · n_embd bytes per token) for all epochs. Pays where only upper layers are adapted.
   */
  cacheFrozen?: boolean;
  /**
   * Ends the job as soon as every row's mean loss per supervised token, when it was last seen, was
   * below this, in nats.
   */
  stopWhenLearned?: number;
  /** Leaves learned rows out of later epochs. */
  skipLearned?: SkipLearned;
  /** Order of the rows within an epoch: shuffled (default), or by their last loss, highest first. */
  order?: "shuffled" | "hardest";
  /** When a loss counts as exploding. */
  guard?: Partial<Guard>;
}

export interface SkipLearned {
  /** A row is learned whose mean loss per supervised token was below this when it was last seen. */
  below: number;
  /** Epochs for which it is left out before it is looked at again. */
  epochs: number;
}

/**
 * A job ends as `diverged` when a loss, a gradient's norm or a weight is no finite number, and when
 * the loss explodes: for `steps` steps in a row above `factor` times its early value (the lowest of
 * the first three), and worse than guessing (log of the vocabulary's size).
 */
export interface Guard {
  /** 3 by default. */
  factor: number;
  /** 10 by default. */
  steps: number;
  /** Largest gradient norm, where there is one: a step above it ends the job. */
  gradientNorm: number;
}

/** Where and how often a job's state is saved, so that it can go on after an interruption. */
export interface CheckpointOptions {
  /** `<out>.checkpoint` by default. */
  path?: string;
  /** Steps between two checkpoints. */
  everySteps?: number;
  /** Seconds between two checkpoints. With both, whichever comes first. */
  everySeconds?: number;
}

/** What becomes of a job that is stopped. */
export type OnStop =
  /** Nothing is kept: it ends as `cancelled`. */
  | "discard"
  /** A checkpoint is written, from which the same job goes on; it ends as `cancelled`. */
  | "checkpoint"
  /** The adapter is written as it is. */
  | "keep";

export interface TrainJob {
  rows: TrainingRow[];
  lora: LoraOptions;
  options: TrainOptions;
  /** An adapter to continue from; its rank, alpha, targets and layers must equal `lora`'s. */
  from?: string;
  /** Where the adapter GGUF is written (through a temporary name; never half a file). */
  out: string;
  /**
   * Saves the job's state now and then. A job that finds its own checkpoint goes on from there; on the
   * CPU the adapter is the same, bit for bit, as without the interruption. The checkpoint is removed
   * when the job has succeeded, was discarded or has diverged.
   */
  checkpoint?: CheckpointOptions;
  /** `"discard"` by default. */
  onStop?: OnStop;
}

export interface TrainProgress {
  step: number;
  steps: number;
  epoch: number;
  /** Mean negative log-likelihood per supervised token of this step, in nats, whatever its rows' weights. */
  loss: number;
  /** Mean KL(base || adapted) per supervised token of this step's rows that have `kl`, in nats. */
  kl?: number;
  /** Global L2 norm of this step's gradients before clipping, where `clipNorm` or the guard asks for it. */
  gradientNorm?: number;
  /** The learning rate of this step (of A, with LoRA+). */
  learningRate: number;
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
  /** Why training ended: after all its steps, because all was learned, or because it was stopped. */
  ended: "complete" | "learned" | "stopped";
  /** Steps of the full plan that were not needed. */
  stepsSaved: number;
  /** The step after which a checkpoint was taken up, where one was. */
  resumedFrom?: number;
}
