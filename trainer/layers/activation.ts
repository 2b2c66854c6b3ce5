import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";

/** SiLU (arXiv 1702.03118), or GELU in its tanh approximation (arXiv 1606.08415). */
export type Activation = "silu" | "gelu";

export interface ActivationSaved {
  x: Tensor;
  /** GELU's tanh(√(2/π)·(x + 0.044715·x³)) */
  tanh?: Tensor;
}

const SLOPE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** Element-wise, of any shape. */
export function activate(
  g: Graph,
  activation: Activation,
  x: Tensor,
): { y: Tensor; saved: ActivationSaved } {
  if (activation === "silu") return { y: g.silu(x), saved: { x } };
  // Composed: ggml's own GELU reads a table of half precision on the CPU and has no backward.
  const inner = g.mul(x, g.scale(g.sqr(x), SLOPE * CUBIC, SLOPE)); // √(2/π)·(x + 0.044715·x³)
  const tanh = g.tanh(inner);
  return { y: g.mul(x, g.scale(tanh, 0.5, 0.5)), saved: { x, tanh } };
}

/** dx of y = activation(x); GELU's derivative is ½(1 + t) + ½x·(1 - t²)·√(2/π)·(1 + 0.134145·x²). */
export function activateBack(g: Graph, { x, tanh }: ActivationSaved, dy: Tensor): Tensor {
  if (!tanh) return g.siluBack(dy, x);
  const rising = g.scale(g.sqr(tanh), -0.5, 0.5); // ½(1 - t²)
  const innerSlope = g.scale(g.sqr(x), 3 * SLOPE * CUBIC, SLOPE);
  const slope = g.add(g.scale(tanh, 0.5, 0.5), g.mul(g.mul(x, rising), innerSlope));
  return g.mul(dy, slope);
}
