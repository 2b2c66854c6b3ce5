/** The trainer's public vocabulary: what is trained on, what is scored, what comes back. */

import type { TransposeMode } from "./model/transposes.ts";
import type { Score, ScorePair } from "./scoring/pair.ts";
import type { TrainJob, TrainProgress, TrainResult } from "./training/job.ts";

export * from "./errors.ts";
export * from "./lora/conversions.ts";
export * from "./lora/options.ts";
export * from "./scoring/pair.ts";
export * from "./training/job.ts";
export type { Schedule } from "./training/schedule.ts";

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
  /**
   * Transposes of the weights for the backward pass: `cached` where memory has room for copies, else
   * made `per-layer`.
   */
  transposes: TransposeMode;
  /** e.g. `CPU` or `Vulkan0`, with the device's own description. */
  backend: string;
  device: string;
}

/** A loaded base model in a child process: scores text and trains adapters, one request at a time. */
export interface ModelTrainer {
  readonly info: ModelInfo;
  /**
   * Trains one adapter and writes it to `job.out`. Stopped by `signal` within a step; what that leaves
   * is the job's choice.
   * Before any work its memory is estimated: a step that does not fit is computed in smaller graphs
   * (`microBatchTokens`), and a job that does not fit at all is refused.
   * @throws TrainerError `invalid-job` | `not-enough-memory` with the figures and what would help |
   *   `adapter-unreadable` | `adapter-mismatch` | `checkpoint-mismatch` | `output-busy` | `cancelled` | `diverged` | `write-failed` | `child-died`
   */
  train(
    job: TrainJob,
    options?: { onProgress?: (progress: TrainProgress) => void; signal?: AbortSignal },
  ): Promise<TrainResult>;
  /**
   * Scores each pair under an adapter (its path), or under the untouched base without one. What pairs
   * have in common from their beginning is computed once; on the CPU a pair's score is the same, bit
   * for bit, whatever it is scored with.
   * @throws TrainerError `invalid-job` naming a pair without an answer, or longer than the context |
   *   `adapter-unreadable` | `adapter-mismatch` | `cancelled` | `diverged` | `child-died`
   */
  score(pairs: ScorePair[], options?: { adapter?: string; signal?: AbortSignal }): Promise<Score[]>;
  /** {@link score} under each of several adapters, null being the untouched base: a list for each. */
  scoreUnder(
    adapters: (string | null)[],
    pairs: ScorePair[],
    options?: { signal?: AbortSignal },
  ): Promise<Score[][]>;
  /** How many tokens each text has, without begin or end tokens. */
  countTokens(texts: string[]): Promise<number[]>;
  close(): Promise<void>;
}
