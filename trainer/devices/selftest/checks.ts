import { farthestRatio, relativeDifference, relativeDistance } from "./difference.ts";
import type { Outcome } from "./task.ts";

/** One comparison: its figure must be at most the limit. */
export interface Check {
  /** e.g. `logits against llama.cpp` */
  name: string;
  architecture: string;
  /** The weights' type. */
  type: string;
  /** Missing where the computation failed. */
  figure?: number;
  limit: number;
  passed: boolean;
  problem?: string;
}

/** A check of a figure that some work gives; what it throws becomes the check's problem. */
export function check(
  what: Pick<Check, "name" | "architecture" | "type" | "limit">,
  measure: () => number,
): Check {
  try {
    const figure = measure();
    return { ...what, figure, passed: figure <= what.limit };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...what, passed: false, problem };
  }
}

/** Mean relative difference of two programs' logits over the tokens of a row. */
export function logitsDifference(a: Outcome, b: Outcome): number {
  const [ours, theirs] = [a.logits ?? [], b.logits ?? []];
  if (ours.length === 0 || ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const differences = ours.map((row, i) => relativeDifference(row, theirs[i] as number[]));
  return differences.reduce((sum, d) => sum + d, 0) / differences.length;
}

/** A row's log-probability, relative to its size. */
export function scoreDifference(a: Outcome, b: Outcome): number {
  const [ours, theirs] = [a.logprob, b.logprob];
  if (ours === undefined || theirs === undefined) return Number.POSITIVE_INFINITY;
  return farthestRatio([ours], [theirs]);
}

/** The farthest loss of two curves, which must have learned something. */
export function curveDifference(a: Outcome, b: Outcome): number {
  const [ours, theirs] = [a.losses ?? [], b.losses ?? []];
  const learned = ours.length > 1 && (ours.at(-1) as number) < (ours[0] as number);
  return learned ? farthestRatio(ours, theirs) : Number.POSITIVE_INFINITY;
}

/** The farthest gradient of all kinds of tensors, relative to its length. */
export function gradientDifference(a: Outcome, b: Outcome): number {
  const [ours, theirs] = [a.gradients ?? {}, b.gradients ?? {}];
  const kinds = Object.keys(theirs);
  if (kinds.length === 0 || kinds.length !== Object.keys(ours).length) {
    return Number.POSITIVE_INFINITY;
  }
  return Math.max(
    ...kinds.map((kind) => relativeDistance(ours[kind] ?? [], theirs[kind] as number[])),
  );
}
