import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "./gradients.ts";

/** RMSNorm (arXiv 1910.07467): y = x / rms(x) ∘ w. */
export interface Norm {
  name: string;
  /** `[n_embd]` */
  weight: Tensor;
  trainable: boolean;
  eps: number;
}

export interface NormSaved {
  x: Tensor;
  /** x / rms(x) */
  unit: Tensor;
}

/** `[n_embd, n_tokens] -> [n_embd, n_tokens]` */
export function norm(g: Graph, layer: Norm, x: Tensor): { y: Tensor; saved: NormSaved } {
  const unit = g.rmsNorm(x, layer.eps);
  return { y: g.mul(unit, layer.weight), saved: { x, unit } };
}

/** Gradient of the input, `[n_embd, n_tokens]`; that of the weight is Σ_tokens dy ∘ x/rms(x). */
export function normBack(
  g: Graph,
  layer: Norm,
  saved: NormSaved,
  dy: Tensor,
  gradients: Gradients,
): Tensor {
  if (layer.trainable) {
    const perToken = g.transposed(g.mul(dy, saved.unit)); // [n_tokens, n_embd]
    const sum = g.sumRows(perToken); // [1, n_embd]
    gradients.add(layer.name, g.reshape(sum, layer.weight.ne[0]));
  }
  return g.rmsNormBack(g.mul(dy, layer.weight), saved.x, layer.eps);
}
