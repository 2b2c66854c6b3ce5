import { backwardTransfer } from "../../agent/measure/metrics.ts";
import type { SequenceResult } from "./sequence.ts";

/** What is told of an arm: means over its sequences. */
export interface ArmFigures {
  sequences: number;
  base: number;
  /** Accuracy on each passage right after it was learned, and on all of them at the end. */
  right: number;
  final: number;
  /** final / right */
  kept: number;
  bwt: number;
  /** Half the width of BWT's 95% interval over sequences, normal approximation. */
  bwtError: number;
  fact: number;
  reading: number;
  writing: number;
  perplexity: number;
  kl: number;
  seconds: number;
}

export function figures(results: SequenceResult[]): ArmFigures {
  const right = mean(results.map(({ matrix }) => mean(matrix.map((row, t) => row[t]!))));
  const final = mean(results.map(({ matrix }) => mean(matrix.at(-1)!)));
  const bwt = results.map(({ matrix }) => backwardTransfer(matrix) ?? 0);
  const of = (pick: (result: SequenceResult) => number) => mean(results.map(pick));
  return {
    sequences: results.length,
    base: of(({ base }) => mean(base)),
    right,
    final,
    kept: final / right,
    bwt: mean(bwt),
    bwtError: 1.96 * standardError(bwt),
    fact: of(({ control }) => control.fact),
    reading: of(({ control }) => control.reading),
    writing: of(({ control }) => control.writing),
    perplexity: of(({ control }) => control.perplexity ?? Number.NaN),
    kl: of(({ control }) => control.kl ?? Number.NaN),
    seconds: of(({ seconds }) => mean(seconds)),
  };
}

/** A line for each arm. */
export function table(summary: Record<string, SequenceResult[]>): string {
  const head = [
    "right",
    "final",
    "kept",
    "BWT",
    "±",
    "facts",
    "reading",
    "writing",
    "ppl",
    "KL",
    "s",
  ];
  const lines = Object.entries(summary).map(([name, results]) => {
    const it = figures(results);
    const cells = [
      it.right,
      it.final,
      it.kept,
      it.bwt,
      it.bwtError,
      it.fact,
      it.reading,
      it.writing,
      it.perplexity,
      it.kl,
      it.seconds,
    ];
    return [...cells.map((cell) => cell.toFixed(3).padStart(8)), `  ${name}`].join("");
  });
  return [head.map((it) => it.padStart(8)).join(""), ...lines].join("\n");
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function standardError(values: number[]): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  const spread = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(spread / (values.length - 1) / values.length);
}
