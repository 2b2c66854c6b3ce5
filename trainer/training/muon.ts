import type { Arena, Backend } from "../ggml/backend.ts";
import type { Graph } from "../ggml/graph.ts";
import { BF16, elements, type Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "../layers/gradients.ts";

const MOMENTUM = 0.95;
/** Coefficients of the quintic Newton-Schulz iteration, and how often it runs. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;

/**
 * Muon (Jordan et al. 2024): momentum, orthogonalised by a Newton-Schulz iteration, for the hidden
 * matrices of a model trained from scratch.
 */
export class Muon {
  private readonly state: Arena;

  constructor(
    private readonly backend: Backend,
    private readonly parameters: Map<string, Tensor>,
  ) {
    this.state = backend.allocate([...parameters].map(([name, { ne }]) => ({ name, ne })));
    for (const tensor of this.state.tensors.values()) {
      backend.upload(tensor, new Float32Array(elements(tensor)));
    }
  }

  /** Adds one update of every matrix to the graph. */
  update(g: Graph, gradients: Gradients, learningRate: number): void {
    for (const [name, weight] of this.parameters) {
      const gradient = gradients.byName.get(name);
      if (!gradient) continue;
      const momentum = this.state.tensors.get(name) as Tensor;
      const next = g.add(g.scale(momentum, MOMENTUM), gradient);
      const nesterov = g.add(gradient, g.scale(next, MOMENTUM));
      g.effect(g.copy(next, momentum));
      const [nIn, nOut] = weight.ne;
      const rate = learningRate * Math.sqrt(Math.max(1, nOut / nIn));
      const direction = orthogonalised(g, nesterov);
      g.effect(g.copy(g.sub(weight, g.scale(direction, rate)), weight));
    }
  }

  save(): Map<string, Float32Array> {
    return new Map([...this.state.tensors].map(([name, t]) => [name, this.backend.download(t)]));
  }

  restore(saved: Map<string, Float32Array>): void {
    for (const [name, data] of saved) {
      const tensor = this.state.tensors.get(name);
      if (tensor) this.backend.upload(tensor, data);
    }
  }
}

/** The nearest semi-orthogonal matrix, about: X <- aX + (bS + cS²)X with S = XXᵀ. */
function orthogonalised(g: Graph, gradient: Tensor): Tensor {
  const tall = gradient.ne[1] > gradient.ne[0];
  let x = tall ? g.transposed(gradient) : gradient; // [columns, rows], rows <= columns
  x = g.div(x, frobenius(g, x));
  for (let i = 0; i < ITERATIONS; i++) {
    const s = g.mulMat(g.cast(x, BF16), x); // [rows, rows]
    const s2 = g.mulMat(g.cast(s, BF16), s); // [rows, rows]
    const polynomial = g.add(g.scale(s, B), g.scale(s2, C));
    const product = g.mulMat(g.castTransposed(x, BF16), polynomial); // [columns, rows]
    x = g.add(g.scale(x, A), product);
  }
  return tall ? g.transposed(x) : x;
}

/** `[1]`, never zero. */
function frobenius(g: Graph, x: Tensor): Tensor {
  const perRow = g.sumRows(g.sqr(x)); // [1, rows]
  const total = g.sumRows(g.reshape(perRow, x.ne[1])); // [1]
  return g.clamp(g.sqrt(g.reshape(total, 1)), 1e-7, 1e30);
}

/** Matrices of the blocks go to Muon; embeddings, norms and the output to AdamW. */
export function isHiddenMatrix(name: string, tensor: Tensor): boolean {
  return name.startsWith("blk.") && tensor.ne[1] > 1;
}
