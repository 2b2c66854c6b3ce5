import type { Arena, Backend } from "../ggml/backend.ts";
import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import { Gradients } from "../layers/gradients.ts";

/** Gradients that are summed over several graphs, on the device. */
export class GradientSum {
  private readonly arena: Arena;

  constructor(backend: Backend, parameters: Map<string, Tensor>) {
    this.arena = backend.allocate([...parameters].map(([name, { ne }]) => ({ name, ne })));
  }

  /** Adds a graph's gradients to the sum, which the `first` one of a step begins. */
  add(g: Graph, gradients: Gradients, first: boolean): void {
    for (const [name, gradient] of gradients.byName) {
      const sum = this.arena.tensors.get(name) as Tensor;
      g.effect(g.copy(first ? gradient : g.add(sum, gradient), sum));
    }
  }

  /** The sum, for the graph that uses it. */
  gradients(g: Graph): Gradients {
    const result = new Gradients(g);
    for (const [name, sum] of this.arena.tensors) result.byName.set(name, sum);
    return result;
  }

  get bytes(): number {
    return this.arena.bytes;
  }

  free(): void {
    this.arena.free();
  }
}
