import type { TokenRow } from "../../trainer/model/packing.ts";
import type { TransposeMode } from "../../trainer/model/transposes.ts";
import type { LoraOptions, Score, TrainOptions } from "../../trainer/types.ts";
import type { Precision } from "./models.ts";

/** A {@link TokenRow} as JSON. */
export interface PlainRow {
  tokens: number[];
  loss: number[];
}

/** One adapter to be trained, and what it is then asked. */
export interface BenchJob {
  rows: PlainRow[];
  /** Rows of each step by index: the peer's order, which is ours too. */
  plan: number[][];
  /** Rows whose supervised tokens are scored afterwards. */
  probes: PlainRow[];
}

/** What one process, ours or the peer's, does in one repetition. */
export interface Spec {
  /** A GGUF file for us, a Hugging Face folder for the peer. */
  model: string;
  precision: Precision;
  threads: number;
  lora: LoraOptions;
  options: TrainOptions;
  /** Rows trained on one by one before anything is timed. */
  warmup: PlainRow[];
  jobs: BenchJob[];
  /** The peer's: `plain` is one padded batch per step. */
  layout: "plain" | "packed";
  /** Ours: where the backward pass has transposed weights from. */
  transposes: TransposeMode;
}

export interface JobOutcome {
  seconds: number;
  /** Of all threads of the process, while it trained. */
  cpuSeconds: number;
  tokens: number;
  losses: number[];
  scores: Score[];
}

/** Bytes. */
export interface MemoryOutcome {
  weights: number;
  /** Resident before the model was loaded: the language's runtime and libraries. */
  baseline: number;
  /** Resident with the model, before training. */
  loaded: number;
  /** The most that was resident while it trained. */
  peak: number;
  /** Planned for activations; ours alone knows it. */
  activations?: number;
  /** Of the adapter, its optimizer and its gradients, where they are kept; ours alone knows it. */
  adapter?: number;
}

export interface Outcome {
  jobs: JobOutcome[];
  memory: MemoryOutcome;
  versions: Record<string, string>;
}

export function plainRow({ tokens, loss }: TokenRow): PlainRow {
  return { tokens: [...tokens], loss: [...loss] };
}

export function tokenRow({ tokens, loss }: PlainRow): TokenRow {
  return { tokens: Int32Array.from(tokens), loss: Uint8Array.from(loss) };
}
