import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "./gradients.ts";
import { type LowRank, type LowRankSaved, lowRank, lowRankBack } from "./low-rank.ts";
import { productWithTranspose } from "./transposed.ts";

/** A projection y = W·x (+ bias), frozen or trained, with or without a low-rank update. */
export interface Linear {
  name: string;
  /** `[n_in, n_out]` */
  weight: Tensor;
  /** `[n_out]`, trained where the weight is */
  bias?: Tensor;
  /** Kept transpose of a frozen weight, `[n_out, n_in]`; without it one is made per step. */
  transpose?: Tensor;
  trainable: boolean;
  lora?: LowRank;
  /**
   * Type in which a trained F32 weight, or the transpose of a frozen one, enters products: BF16 is
   * faster, F32 exact. F16 would lose small gradients.
   */
  computeType: number;
}

export interface LinearSaved {
  /** `[n_in, n_tokens]` */
  x: Tensor;
  lora?: LowRankSaved;
}

/** `[n_in, n_tokens] -> [n_out, n_tokens]` */
export function linear(g: Graph, layer: Linear, x: Tensor): { y: Tensor; saved: LinearSaved } {
  const product = g.mulMat(forwardWeight(g, layer), x); // [n_out, n_tokens]
  const y = layer.bias ? g.add(product, layer.bias) : product;
  if (!layer.lora) return { y, saved: { x } };
  const update = lowRank(g, layer.lora, x);
  return { y: g.add(y, update.y), saved: { x, lora: update.saved } };
}

/**
 * Adds the parameters' gradients and returns that of the input, `[n_in, n_tokens]`, unless nobody
 * needs it: dx = Wᵀ·dy, dW = dy·xᵀ, and the same through the low-rank path.
 */
export function linearBack(
  g: Graph,
  layer: Linear,
  saved: LinearSaved,
  dy: Tensor, // [n_out, n_tokens]
  gradients: Gradients,
  needsInput: boolean,
): Tensor | undefined {
  let dx = needsInput ? inputGradient(g, layer, dy) : undefined;
  if (layer.trainable) {
    // [n_tokens, n_in] x [n_tokens, n_out] -> [n_in, n_out]
    const x = g.castTransposed(saved.x, layer.computeType);
    gradients.add(layer.name, g.mulMat(x, g.transposed(dy)));
    if (layer.bias) {
      const sum = g.sumRows(g.transposed(dy)); // [1, n_out]
      gradients.add(biasName(layer.name), g.reshape(sum, layer.bias.ne[0]));
    }
  }
  if (layer.lora && saved.lora) {
    const { name, lora } = layer;
    const viaLora = lowRankBack(g, lora, saved.lora, saved.x, dy, name, gradients, needsInput);
    if (dx && viaLora) dx = g.add(dx, viaLora);
  }
  return dx;
}

/** The name of the bias that belongs to a weight. */
export function biasName(weight: string): string {
  return weight.replace(/weight$/, "bias");
}

function forwardWeight(g: Graph, layer: Linear): Tensor {
  return layer.trainable ? g.cast(layer.weight, layer.computeType) : layer.weight;
}

/** Wᵀ·dy, `[n_in, n_tokens]` */
function inputGradient(g: Graph, layer: Linear, dy: Tensor): Tensor {
  if (layer.trainable) return g.mulMat(g.castTransposed(layer.weight, layer.computeType), dy);
  if (layer.transpose) return g.mulMat(layer.transpose, dy);
  return productWithTranspose(g, layer.weight, layer.computeType, dy);
}
