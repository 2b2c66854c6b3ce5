import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";

/**
 * Gradients of the loss by parameter name, summed where a parameter is used more than once. Each is
 * computed as soon as it is added: what it depends on would otherwise stay in memory until its use.
 */
export class Gradients {
  readonly byName = new Map<string, Tensor>();

  constructor(private readonly g: Graph) {}

  add(name: string, gradient: Tensor): void {
    const known = this.byName.get(name);
    const sum = known ? this.g.add(known, gradient) : gradient;
    this.byName.set(name, sum);
    this.g.effect(sum);
  }
}
