import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "./gradients.ts";

/** A low-rank update of a linear projection: scale · B·A (LoRA, arXiv 2106.09685). */
export interface LowRank {
  /** `[n_in, rank]` */
  a: Tensor;
  /** `[rank, n_out]` */
  b: Tensor;
  scale: number;
  trainable: boolean;
  /** Masks the update's input while it is trained, as PEFT does: `[n_in, n_tokens]` of x's shape. */
  mask?: (g: Graph, x: Tensor) => Tensor;
}

export interface LowRankSaved {
  mask?: Tensor;
  /** scale · A·x, `[rank, n_tokens]` */
  low: Tensor;
}

/** `[n_in, n_tokens] -> [n_out, n_tokens]`; the scale is applied where the tensor is smallest. */
export function lowRank(
  g: Graph,
  { a, b, scale, mask: draw }: LowRank,
  input: Tensor,
): { y: Tensor; saved: LowRankSaved } {
  const mask = draw?.(g, input);
  const low = g.scale(g.mulMat(a, masked(g, input, mask)), scale); // [rank, n_tokens]
  return { y: expand(g, g.transposed(b), low), saved: { mask, low } };
}

/**
 * Adds the gradients of A and B (dB = dy·lowᵀ, dA = dLow·xᵀ with dLow = scale · Bᵀ·dy) and returns
 * the update's share of dx, mask ∘ Aᵀ·dLow, `[n_in, n_tokens]`, unless nobody needs it.
 * @param input the same as in the forward pass, `[n_in, n_tokens]`
 */
export function lowRankBack(
  g: Graph,
  { a, b, scale, trainable }: LowRank,
  { mask, low }: LowRankSaved,
  input: Tensor,
  dy: Tensor, // [n_out, n_tokens]
  name: string,
  gradients: Gradients,
  needsInput: boolean,
): Tensor | undefined {
  const dLow = g.scale(g.mulMat(g.transposed(b), dy), scale); // [rank, n_tokens]
  if (trainable) {
    gradients.add(`${name}.lora_b`, g.transposed(g.outerSum(dy, low))); // [rank, n_out]
    gradients.add(`${name}.lora_a`, g.outerSum(masked(g, input, mask), dLow)); // [n_in, rank]
  }
  if (!needsInput) return undefined;
  return masked(g, expand(g, a, dLow), mask);
}

function masked(g: Graph, x: Tensor, mask: Tensor | undefined): Tensor {
  return mask ? g.mul(x, mask) : x;
}

/** Σ_r m_r · low_r: `[n, rank] x [rank, n_tokens] -> [n, n_tokens]`. */
function expand(g: Graph, m: Tensor, low: Tensor): Tensor {
  return g.outerSum(m, g.transposed(low));
}
