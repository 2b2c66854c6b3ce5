import type { Graph } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "../layers/gradients.ts";
import { linear, linearBack } from "../layers/linear.ts";
import { SMALLEST, targetLossBack, targetScores } from "../layers/loss.ts";
import { norm, normBack } from "../layers/norm.ts";
import { CHUNK_CELLS, chunks, type Head, logits, weighing } from "./head.ts";

/** How many tensors of the logits' size there are at a time. */
const DISTRIBUTIONS = 4;

/** What targets are held to beside their labels. */
export interface Anchor {
  /** Hidden states of the untouched base at the targets, before the final norm: `[n_embd, n]` */
  base: Tensor;
  /** Factor of each target's KL(base || model), `[n]` */
  weights: Float32Array;
}

/**
 * Σ weight · -log p(label) + anchor weight · KL(base || model), forward and backward at once, chunk by
 * chunk. The base's distribution is computed from its hidden states, which are exact and take
 * n_embd values per target to keep, not n_vocab. With q the model's distribution and b the base's,
 * the gradient of the logits is (w + a) · (q - w/(w + a) · one-hot - a/(w + a) · b).
 * @param head frozen
 * @param hidden `[n_embd, n]`
 * @returns log p(label) and KL(base || model), `[1, n]` each, and the gradient of `hidden`
 */
export function anchoredLoss(
  g: Graph,
  head: Head,
  hidden: Tensor,
  labels: Int32Array,
  weights: Float32Array,
  anchor: Anchor,
  gradients: Gradients,
  chunkCells = CHUNK_CELLS / DISTRIBUTIONS,
): { logprob: Tensor; kl: Tensor; dHidden: Tensor } {
  const parts = chunks(hidden, head, chunkCells).map(({ start, count }) => {
    const labelWeights = weights.slice(start, start + count);
    const anchorWeights = anchor.weights.slice(start, start + count);
    const both = labelWeights.map((w, i) => w + (anchorWeights[i] as number));
    const share = (part: Float32Array): Float32Array =>
      part.map((w, i) => (w === 0 ? 0 : w / (both[i] as number)));
    const weigh = weighing(g, both);
    const normed = norm(g, head.finalNorm, g.slice(hidden, 1, start, count));
    const { y, saved } = linear(g, head.output, normed.y); // [n_vocab, count]
    const scores = targetScores(g, y, labels.slice(start, start + count));
    const base = g.softmax(logits(g, head, g.slice(anchor.base, 1, start, count)), undefined, 1);
    const kl = divergence(g, base, scores.distribution); // [1, count]
    // Before the distribution is overwritten.
    g.effect(scores.logprob);
    g.effect(kl);
    const fromLabel = targetLossBack(g, scores, share(labelWeights)); // [n_vocab, count]
    const toBase = g.mul(base, g.input(share(anchorWeights), F32, shape(1, count)));
    const dLogits = g.sub(fromLabel, toBase);
    const dNormed = linearBack(g, head.output, saved, dLogits, gradients, true) as Tensor;
    const dHidden = normBack(g, head.finalNorm, normed.saved, weigh(dNormed), gradients);
    g.effect(dHidden);
    return { logprob: scores.logprob, kl, dHidden };
  });
  const joined = (pick: (part: (typeof parts)[number]) => Tensor): Tensor =>
    g.concatAll(parts.map(pick), 1);
  return {
    logprob: joined((part) => part.logprob),
    kl: joined((part) => part.kl),
    dHidden: joined((part) => part.dHidden),
  };
}

/** KL(p || q) = Σ p · (log p - log q) of each column, `[1, n]`. */
function divergence(g: Graph, p: Tensor, q: Tensor): Tensor {
  const smallest = g.input(new Float32Array([SMALLEST]), F32, shape(1));
  const log = (t: Tensor): Tensor => g.log(g.add(t, smallest));
  return g.sumRows(g.mul(p, g.sub(log(p), log(q))));
}
