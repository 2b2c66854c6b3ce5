import type { Graph } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";

/**
 * Added to a probability so that one that has left float32 has a logarithm, about -87. A clamp would
 * turn NaN into 1: a loss of zero where training has diverged.
 */
export const SMALLEST = 1.2e-38;

/** The probability that the model gave to each target. */
export interface TargetScores {
  /** p(label), `[1, n_targets]` */
  probability: Tensor;
  /** log p(label), `[1, n_targets]` */
  logprob: Tensor;
  /** softmax(logits), `[n_vocab, n_targets]` */
  distribution: Tensor;
  /** Index of each target in the flattened distribution, i32 `[n_targets]` */
  flat: Tensor;
}

/**
 * Softmax over the vocabulary and the labels' share of it.
 * @param logits `[n_vocab, n_targets]`, or fewer columns of which `columns` says each label's own
 */
export function targetScores(
  g: Graph,
  logits: Tensor,
  labels: Int32Array,
  columns?: Int32Array,
): TargetScores {
  const [vocabulary, n] = logits.ne;
  const distribution = g.softmax(logits, undefined, 1);
  const flat = g.ints(labels.map((label, i) => (columns?.[i] ?? i) * vocabulary + label));
  const cells = g.reshape(distribution, 1, vocabulary * n);
  const probability = g.getRows(cells, flat); // [1, n_targets]
  const smallest = g.input(new Float32Array([SMALLEST]), F32, shape(1));
  return {
    probability,
    logprob: g.log(g.add(probability, smallest)),
    distribution,
    flat,
  };
}

/**
 * Gradient of Σ -log p(label) with regard to the logits, `[n_vocab, n_targets]`:
 * softmax - one-hot. The distribution is overwritten.
 * @param shares what is taken off each label's cell, where it is not all of 1, `[n_targets]`
 */
export function targetLossBack(g: Graph, scores: TargetScores, shares?: Float32Array): Tensor {
  const [vocabulary, targets] = scores.distribution.ne;
  const cells = g.reshape(scores.distribution, 1, vocabulary * targets);
  const share = g.input(shares ?? new Float32Array([1]), F32, shape(1, shares?.length ?? 1));
  const corrected = g.sub(scores.probability, share); // [1, n_targets]
  const difference = g.setRows(cells, corrected, scores.flat);
  return g.reshape(difference, vocabulary, targets);
}
