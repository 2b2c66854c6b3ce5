import type { Variant } from "../../ggml/locate.ts";
import type { Score } from "../../scoring/pair.ts";

/** One thing that a process of its own computes on a device. */
export interface Task {
  kind: "logits" | "curve" | "gradients" | "benchmark" | "llama.cpp";
  variant: Variant;
  /** Another backend's forms of operations are tried. */
  composedFor?: Variant;
  model: string;
  /** A folder for what it writes. */
  folder: string;
}

export interface DeviceFacts {
  name: string;
  description: string;
  ggml: string;
}

/** What became of it; each kind has its own part. */
export interface Outcome {
  /** Absent where llama.cpp computed. */
  device?: DeviceFacts;
  /** One list per token. */
  logits?: number[][];
  /** Mean loss of each step. */
  losses?: number[];
  /** Of the rows under the untouched base. */
  scores?: Score[];
  /** The largest error of a gradient, see gradients.ts. */
  gradientError?: number;
  benchmark?: Benchmark;
}

/** On the CPU, by one thread. */
export interface Benchmark {
  trainTokensPerSecond: number;
  scoreTokensPerSecond: number;
  /** Of the model that was trained and scored with. */
  parameters: number;
  /** Of 1024x1024x1024 products by weights of each type, in GFLOP/s. */
  matmul: Record<string, number>;
}
