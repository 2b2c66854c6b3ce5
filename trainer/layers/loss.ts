import type { Graph } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";

/**
 * Added to a probability so that one that has left float32 has a logarithm, about -87. A clamp would
 * turn NaN into 1: a loss of zero where training has diverged.
 */
const SMALLEST = 1.2e-38;

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
 * @param logits `[n_vocab, n_targets]`
 */
export function targetScores(g: Graph, logits: Tensor, labels: Int32Array): TargetScores {
  const [vocabulary, targets] = logits.ne;
  const distribution = g.softmax(logits, undefined, 1);
  const flat = g.ints(labels.map((label, i) => i * vocabulary + label));
  const cells = g.reshape(distribution, 1, vocabulary * targets);
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
 */
export function targetLossBack(g: Graph, scores: TargetScores): Tensor {
  const [vocabulary, targets] = scores.distribution.ne;
  const cells = g.reshape(scores.distribution, 1, vocabulary * targets);
  const one = g.input(new Float32Array([1]), F32, shape(1));
  const corrected = g.sub(scores.probability, one); // [1, n_targets]
  const difference = g.setRows(cells, corrected, scores.flat);
  return g.reshape(difference, vocabulary, targets);
}
