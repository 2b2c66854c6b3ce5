import type { Graph } from "../ggml/graph.ts";
import { F32, type Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "./gradients.ts";

/** A low-rank update of a linear projection: W + scale · B·A (LoRA, arXiv 2106.09685). */
export interface LowRank {
  /** `[n_in, rank]` */
  a: Tensor;
  /** `[rank, n_out]` */
  b: Tensor;
  scale: number;
  trainable: boolean;
}

/** A projection y = W·x, frozen or trained, with or without a low-rank update. */
export interface Linear {
  name: string;
  /** `[n_in, n_out]` */
  weight: Tensor;
  /** Cached transpose of a frozen weight, `[n_out, n_in]`; a trained one is transposed per step. */
  transpose?: Tensor;
  trainable: boolean;
  lora?: LowRank;
  /** Type in which a trained F32 weight enters multiplications (BF16 is faster, F32 exact). */
  computeType: number;
}

export interface LinearSaved {
  /** `[n_in, n_tokens]` */
  x: Tensor;
  /** A·x, `[rank, n_tokens]` */
  low?: Tensor;
}

/** `[n_in, n_tokens] -> [n_out, n_tokens]` */
export function linear(g: Graph, layer: Linear, x: Tensor): { y: Tensor; saved: LinearSaved } {
  const y = g.mulMat(forwardWeight(g, layer), x); // [n_out, n_tokens]
  if (!layer.lora) return { y, saved: { x } };
  const low = g.mulMat(layer.lora.a, x); // [rank, n_tokens]
  const update = g.mulMat(layer.lora.b, low); // [n_out, n_tokens]
  return { y: g.add(y, g.scale(update, layer.lora.scale)), saved: { x, low } };
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
  let dx = needsInput ? g.mulMat(backwardWeight(g, layer), dy) : undefined;
  if (layer.trainable) {
    // [n_tokens, n_in] x [n_tokens, n_out] -> [n_in, n_out]
    const x = g.castTransposed(saved.x, layer.computeType);
    gradients.add(layer.name, g.mulMat(x, g.transposed(dy)));
  }
  const { lora } = layer;
  if (lora && saved.low) {
    const scaled = g.scale(dy, lora.scale);
    const dLow = g.mulMat(g.transposed(lora.b), scaled); // [rank, n_tokens]
    if (lora.trainable) {
      // [n_tokens, rank] x [n_tokens, n_out] -> [rank, n_out]
      const db = g.mulMat(g.transposed(saved.low), g.transposed(scaled));
      // [n_tokens, n_in] x [n_tokens, rank] -> [n_in, rank]
      const da = g.mulMat(g.transposed(saved.x), g.transposed(dLow));
      gradients.add(`${layer.name}.lora_b`, db);
      gradients.add(`${layer.name}.lora_a`, da);
    }
    if (dx) dx = g.add(dx, g.mulMat(g.transposed(lora.a), dLow));
  }
  return dx;
}

function forwardWeight(g: Graph, layer: Linear): Tensor {
  return layer.trainable ? g.cast(layer.weight, layer.computeType) : layer.weight;
}

/** `[n_out, n_in]` */
function backwardWeight(g: Graph, layer: Linear): Tensor {
  if (!layer.trainable && layer.transpose) return layer.transpose;
  return g.castTransposed(layer.weight, layer.trainable ? layer.computeType : F32);
}
