import type { Arena, Backend } from "../ggml/backend.ts";
import type { Graph } from "../ggml/graph.ts";
import { elements, F32, type Shape, shape, type Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "../layers/gradients.ts";

/** Constants of AdamW (arXiv 1711.05101). */
export interface AdamWOptions {
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
}

export const ADAMW: AdamWOptions = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/** AdamW over a set of named parameters; moments live on the device beside them. */
export class AdamW {
  private readonly state: Arena;
  private step = 0;

  constructor(
    private readonly backend: Backend,
    private readonly parameters: Map<string, Tensor>,
    private readonly options: AdamWOptions = ADAMW,
    /** Factor of a parameter's learning rate. */
    private readonly rateOf: (name: string) => number = () => 1,
  ) {
    this.state = backend.allocate(
      [...parameters].flatMap(([name, p]) => [
        { name: `${name}.m`, ne: p.ne as Shape },
        { name: `${name}.v`, ne: p.ne as Shape },
      ]),
    );
    for (const tensor of this.state.tensors.values()) {
      backend.upload(tensor, new Float32Array(elements(tensor)));
    }
  }

  /** Adds one update of every parameter to the graph. */
  update(g: Graph, gradients: Gradients, learningRate: number): void {
    this.step++;
    const settings = new Map<number, Tensor>();
    for (const [name, parameter] of this.parameters) {
      const gradient = gradients.byName.get(name);
      if (!gradient) continue;
      const m = this.state.tensors.get(`${name}.m`) as Tensor;
      const v = this.state.tensors.get(`${name}.v`) as Tensor;
      const factor = this.rateOf(name);
      const known = settings.get(factor) ?? this.settings(g, factor * learningRate);
      settings.set(factor, known);
      g.effect(g.adamw(parameter, gradient, m, v, known));
    }
  }

  /** The operation's order: alpha, beta1, beta2, eps, decay, and the two bias corrections. */
  private settings(g: Graph, learningRate: number): Tensor {
    const { beta1, beta2, eps, weightDecay } = this.options;
    const corrections = [1 / (1 - beta1 ** this.step), 1 / (1 - beta2 ** this.step)];
    const values = [learningRate, beta1, beta2, eps, weightDecay, ...corrections];
    return g.input(new Float32Array(values), F32, shape(7));
  }

  /** Moments and step count, for a checkpoint. */
  save(): { step: number; tensors: Map<string, Float32Array> } {
    const tensors = new Map<string, Float32Array>();
    for (const [name, t] of this.state.tensors) tensors.set(name, this.backend.download(t));
    return { step: this.step, tensors };
  }

  restore(saved: { step: number; tensors: Map<string, Float32Array> }): void {
    this.step = saved.step;
    for (const [name, data] of saved.tensors) {
      const tensor = this.state.tensors.get(name);
      if (tensor) this.backend.upload(tensor, data);
    }
  }

  get bytes(): number {
    return this.state.bytes;
  }

  free(): void {
    this.state.free();
  }
}
