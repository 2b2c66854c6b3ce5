import { BF16, F16, F32 } from "../../ggml/tensor.ts";
import { farthestRatio, relativeDifference } from "./difference.ts";
import type { Outcome } from "./task.ts";

/** A type of weights, and how far results may lie apart with it. */
export interface Base {
  name: string;
  typeOf: (name: string) => number;
  /** Logits, mean over tokens: of one model by two programs or devices. */
  logits: number;
  /** Losses of a few steps and the base's log-probabilities, relative to their size. */
  curve: number;
  /** Gradients against differences of the loss; not told where rounding is coarser than those. */
  gradients?: number;
}

/**
 * Sums in another order differ by 1e-7, and so do results in F32. Where activations are rounded before
 * each product (to F16 or BF16, or to 8 bits for quantized weights), some round the other way, which
 * the next layers multiply until the difference has the size of that rounding. GPUs round the
 * activations of F32 weights, too (to TF32, or F16).
 */
export const BASES: readonly Base[] = [
  { name: "F32", typeOf: () => F32, logits: 5e-3, curve: 1e-2, gradients: 2e-2 },
  { name: "F16", typeOf: () => F16, logits: 5e-3, curve: 1e-2, gradients: 2e-2 },
  { name: "BF16", typeOf: () => BF16, logits: 1e-2, curve: 2e-2 },
  { name: "Q8_0", typeOf: () => 8, logits: 2e-2, curve: 2e-2 },
  { name: "Q4_0", typeOf: () => 2, logits: 2e-2, curve: 2e-2 },
  {
    name: "Q4_K and Q6_K",
    typeOf: (name) => (/attn_v|ffn_down|token_embd/.test(name) ? 14 : 12),
    logits: 2.5e-2,
    curve: 2e-2,
  },
];

/** One comparison: its figure must be at most the limit. */
export interface Check {
  /** e.g. `logits against llama.cpp` */
  name: string;
  /** The weights' type. */
  type: string;
  /** Missing where the computation failed. */
  figure?: number;
  limit: number;
  passed: boolean;
  problem?: string;
}

/** A check of a figure that some work gives; what it throws becomes the check's problem. */
export function check(name: string, type: string, limit: number, measure: () => number): Check {
  try {
    const figure = measure();
    return { name, type, figure, limit, passed: figure <= limit };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { name, type, limit, passed: false, problem };
  }
}

/** Mean relative difference of two programs' logits over the tokens of a row. */
export function logitsDifference(a: Outcome, b: Outcome): number {
  const [ours, theirs] = [a.logits ?? [], b.logits ?? []];
  if (ours.length === 0 || ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const differences = ours.map((row, i) => relativeDifference(row, theirs[i] as number[]));
  return differences.reduce((sum, d) => sum + d, 0) / differences.length;
}

/** The farthest loss of two curves, which must have learned something. */
export function curveDifference(a: Outcome, b: Outcome): number {
  const [ours, theirs] = [a.losses ?? [], b.losses ?? []];
  const learned = ours.length > 1 && (ours.at(-1) as number) < (ours[0] as number);
  return learned ? farthestRatio(ours, theirs) : Number.POSITIVE_INFINITY;
}

/** The farthest log-probability of the rows. */
export function scoreDifference(a: Outcome, b: Outcome): number {
  const logprobs = ({ scores = [] }: Outcome): number[] => scores.map(({ logprob }) => logprob);
  return logprobs(a).length > 0
    ? farthestRatio(logprobs(a), logprobs(b))
    : Number.POSITIVE_INFINITY;
}
