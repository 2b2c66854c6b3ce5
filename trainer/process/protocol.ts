import type { Variant } from "../ggml/locate.ts";
import type { Score, ScorePair, TrainJob, TrainResult } from "../types.ts";

/** What the trainer's child is told at its start. */
export interface ChildOptions {
  model: string;
  backend: Variant;
  threads?: number;
  /** Bytes of memory that it, its parent and the parent's other children may take together. */
  memoryLimit?: number;
  /** How far the process stands behind others, from 0 to 19, as `nice` has it. */
  niceness?: number;
}

/** What it can be asked. */
export type Request =
  | { kind: "train"; job: TrainJob }
  | { kind: "score"; pairs: ScorePair[]; adapters: (string | null)[] }
  | { kind: "count"; texts: string[] };

/** The answer to each. */
export type Result =
  | { kind: "train"; result: TrainResult }
  | { kind: "score"; scores: Score[][] }
  | { kind: "count"; counts: number[] };
