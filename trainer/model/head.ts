import type { Graph } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "../layers/gradients.ts";
import { type Linear, linear, linearBack } from "../layers/linear.ts";
import { targetLossBack, targetScores } from "../layers/loss.ts";
import { type Norm, norm, normBack } from "../layers/norm.ts";

/** What turns hidden states into logits. */
export interface Head {
  finalNorm: Norm;
  output: Linear;
}

/**
 * Logits that exist at a time, 64 MB of them: a vocabulary of 152k makes 600 kB per target, and the
 * whole of a batch would be the largest tensor by far.
 */
export const CHUNK_CELLS = 16 * 1024 * 1024;
/** Chunks of many targets are a multiple of this, see `ALIGNMENT` in packing.ts. */
const CHUNK_ALIGNMENT = 32;

/** `[n_embd, n] -> [n_vocab, n]` */
export function logits(g: Graph, head: Head, hidden: Tensor): Tensor {
  return linear(g, head.output, norm(g, head.finalNorm, hidden).y).y;
}

/** Scores of consecutive targets, `[start, start + n)`. */
export interface ScoredTargets {
  start: number;
  /** log p(label), `[1, n]` */
  logprob: Tensor;
  /** The most probable token, i32 `[n]` */
  best: Tensor;
}

/**
 * Log-probability of each target's label, and what the model would have said, chunk by chunk.
 * @param hidden `[n_embd, n_targets]`
 */
export function scoreTargets(
  g: Graph,
  head: Head,
  hidden: Tensor,
  labels: Int32Array,
  chunkCells = CHUNK_CELLS,
): ScoredTargets[] {
  return chunks(hidden, head, chunkCells).map(({ start, count }) => {
    const cells = logits(g, head, g.slice(hidden, 1, start, count)); // [n_vocab, count]
    const best = g.output(g.argmax(cells));
    const { logprob } = targetScores(g, cells, labels.slice(start, start + count));
    return { start, logprob: g.output(logprob), best };
  });
}

/**
 * Σ weight · -log p(label), forward and backward at once, chunk by chunk (as Liger Kernel's fused
 * linear cross-entropy, arXiv 2410.10989): a chunk's logits are gone before the next one's are made.
 * @param hidden `[n_embd, n_targets]`
 * @param weights one per target
 * @returns log p(label), `[1, n_targets]`, and the gradient of `hidden`, `[n_embd, n_targets]`
 */
export function targetLoss(
  g: Graph,
  head: Head,
  hidden: Tensor,
  labels: Int32Array,
  weights: Float32Array,
  gradients: Gradients,
  chunkCells = CHUNK_CELLS,
): { logprob: Tensor; dHidden: Tensor } {
  const parts = chunks(hidden, head, chunkCells).map(({ start, count }) => {
    const weigh = weighing(g, weights.slice(start, start + count));
    const normed = norm(g, head.finalNorm, g.slice(hidden, 1, start, count));
    const { y, saved } = linear(g, head.output, normed.y); // [n_vocab, count]
    const scores = targetScores(g, y, labels.slice(start, start + count));
    g.effect(scores.logprob);
    // Weights enter where tensors are narrow: the input of dW = dy·xᵀ, and dx.
    const input = head.output.trainable ? { ...saved, x: weigh(saved.x) } : saved;
    const dLogits = targetLossBack(g, scores); // [n_vocab, count]
    const dNormed = linearBack(g, head.output, input, dLogits, gradients, true) as Tensor;
    const dHidden = normBack(g, head.finalNorm, normed.saved, weigh(dNormed), gradients);
    g.effect(dHidden);
    return { logprob: scores.logprob, dHidden };
  });
  return {
    logprob: g.concatAll(
      parts.map((part) => part.logprob),
      1,
    ),
    dHidden: g.concatAll(
      parts.map((part) => part.dHidden),
      1,
    ),
  };
}

/** Consecutive targets whose logits fit together. */
export function chunks(
  hidden: Tensor,
  head: Head,
  cells: number,
): { start: number; count: number }[] {
  const [, targets] = hidden.ne;
  const [, vocabulary] = head.output.weight.ne;
  const fitting = Math.max(1, Math.floor(cells / vocabulary));
  const size = fitting - (fitting > CHUNK_ALIGNMENT ? fitting % CHUNK_ALIGNMENT : 0);
  const all: { start: number; count: number }[] = [];
  for (let start = 0; start < targets; start += size) {
    all.push({ start, count: Math.min(size, targets - start) });
  }
  return all;
}

/** x -> x ∘ weights, columnwise. */
export function weighing(g: Graph, weights: Float32Array): (x: Tensor) => Tensor {
  const [first = 0] = weights;
  if (weights.every((w) => w === first)) return (x) => g.scale(x, first);
  const row = g.input(weights, F32, shape(1, weights.length));
  return (x) => g.mul(x, row);
}
