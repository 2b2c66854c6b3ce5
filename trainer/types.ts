/** The trainer's public vocabulary: what is trained on, what is scored, what comes back. */

/** Projections of a transformer block that LoRA can adapt, by their GGUF tensor names. */
export const LORA_TARGETS = [
  "attn_q",
  "attn_k",
  "attn_v",
  "attn_output",
  "ffn_gate",
  "ffn_up",
  "ffn_down",
] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

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

export interface LoraOptions {
  rank: number;
  /** The update is scaled by alpha / rank. */
  alpha: number;
  targets: LoraTarget[];
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

/** Scored teacher-forced: log p(answer, end | context). */
export interface ScorePair {
  context: string;
  answer: string;
  /** Whether the end token is part of the answer (default true). */
  end?: boolean;
}

export interface Score {
  /** Sum over the answer's tokens (and the end token) of log p, in nats. */
  logprob: number;
  /** How many tokens that sum has. */
  tokens: number;
  /** Every one of those tokens was the argmax. */
  exact: boolean;
}

export interface ModelInfo {
  path: string;
  architecture: string;
  name: string;
  parameters: number;
  layers: number;
  width: number;
  contextLength: number;
  vocabulary: number;
  /** Tensor types in the file, e.g. `["F32", "Q4_K"]`. */
  types: string[];
  /** e.g. `CPU` or `Vulkan0`, with the device's own description. */
  backend: string;
  device: string;
}

/** Why the trainer refused or failed, for programs; the message is for people. */
export type TrainerErrorCode =
  | "library-missing"
  | "library-mismatch"
  | "backend-missing"
  | "model-unreadable"
  | "model-unsupported"
  | "adapter-unreadable"
  | "adapter-mismatch"
  | "invalid-job"
  | "diverged"
  | "cancelled"
  | "write-failed"
  | "child-died"
  | "internal";

export class TrainerError extends Error {
  constructor(
    readonly code: TrainerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "TrainerError";
  }
}

/** A loaded base model in a child process: scores text and trains adapters, one request at a time. */
export interface ModelTrainer {
  readonly info: ModelInfo;
  /**
   * Trains one adapter and writes it to `job.out`.
   * Cancelled between steps by `signal`, which throws TrainerError `cancelled`.
   */
  train(
    job: TrainJob,
    options?: { onProgress?: (progress: TrainProgress) => void; signal?: AbortSignal },
  ): Promise<TrainResult>;
  /** Scores each pair under an adapter (its path), or under the untouched base without one. */
  score(pairs: ScorePair[], options?: { adapter?: string; signal?: AbortSignal }): Promise<Score[]>;
  /** How many tokens each text has, without begin or end tokens. */
  countTokens(texts: string[]): Promise<number[]>;
  close(): Promise<void>;
}
