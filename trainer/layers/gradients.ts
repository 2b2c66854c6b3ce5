import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";

/** Gradients of the loss by parameter name, summed where a parameter is used more than once. */
export class Gradients {
  readonly byName = new Map<string, Tensor>();

  constructor(private readonly g: Graph) {}

  add(name: string, gradient: Tensor): void {
    const known = this.byName.get(name);
    this.byName.set(name, known ? this.g.add(known, gradient) : gradient);
  }
}
