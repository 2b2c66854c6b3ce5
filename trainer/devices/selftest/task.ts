import type { Variant } from "../../ggml/locate.ts";

/** One thing that a process of its own computes on a device, or llama.cpp on the CPU. */
export interface Task {
  kind:
    | "logits"
    | "scores"
    | "gradients"
    | "differences"
    | "curve"
    | "training speed"
    | "scoring speed"
    | "products"
    | "llama.cpp";
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
  /** One list per token of a row. */
  logits?: number[][];
  /** Of the same row's tokens but the first, as scoring has it. */
  logprob?: number;
  /** By kind of tensor (`attn_q.weight.lora_a`, ...), over all layers. */
  gradients?: Record<string, number[]>;
  /** How far gradients are from differences of the loss, see gradients.ts. */
  gradientError?: number;
  /** Mean loss of each step. */
  losses?: number[];
  speed?: Partial<Benchmark>;
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
