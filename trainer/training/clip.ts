import type { Graph } from "../ggml/graph.ts";
import { elements, F32, shape, type Tensor } from "../ggml/tensor.ts";
import { Gradients } from "../layers/gradients.ts";

/** Keeps the factor finite where all gradients are zero, as torch's clip_grad_norm_ does. */
const EPS = 1e-6;

/** L2 norm of all gradients together, `[1]`. */
export function globalNorm(g: Graph, gradients: Gradients): Tensor {
  const sums = [...gradients.byName.values()].map((gradient) => {
    const perRow = g.sumRows(g.sqr(gradient)); // [1, rows]
    return g.reshape(g.sumRows(g.reshape(perRow, elements(perRow))), 1);
  });
  return g.sqrt(g.sumRows(g.concatAll(sums, 0)));
}

/** Gradients scaled by min(1, max / norm) (arXiv 1211.5063). */
export function clipped(g: Graph, gradients: Gradients, norm: Tensor, max: number): Gradients {
  const limit = g.input(new Float32Array([max]), F32, shape(1));
  const factor = g.clamp(g.div(limit, g.scale(norm, 1, EPS)), 0, 1); // [1]
  const result = new Gradients(g);
  for (const [name, gradient] of gradients.byName) result.add(name, g.mul(gradient, factor));
  return result;
}
