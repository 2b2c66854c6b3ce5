import type { Arena, Backend } from "../ggml/backend.ts";
import { type GgufValue, writeGguf } from "../ggml/gguf-writer.ts";
import { type Graph, GraphAllocator } from "../ggml/graph.ts";
import { quantize } from "../ggml/quantize.ts";
import { BF16, F32, type Shape, type Tensor } from "../ggml/tensor.ts";
import type { Gradients } from "../layers/gradients.ts";
import type { Hyperparameters } from "../model/hyperparameters.ts";
import { modelMetadata } from "../model/metadata.ts";
import { assembleModel, EMBEDDING, expectedTensors, type Model } from "../model/model.ts";
import {
  ALIGNMENT,
  MATRIX_ALIGNMENT,
  pack,
  type TokenRow,
  WINDOW_TOKENS,
} from "../model/packing.ts";
import { normal, random, seedFor } from "../random.ts";
import { isHiddenMatrix, Muon } from "./muon.ts";
import { ADAMW, AdamW } from "./optimizer.ts";
import { trainStep } from "./step-graph.ts";

/** Everything that a pre-training run needs to go on where it stopped. */
export interface PretrainState {
  step: number;
  weights: Map<string, Float32Array>;
  momentum: Map<string, Float32Array>;
  adam: { step: number; tensors: Map<string, Float32Array> };
}

export interface PretrainRates {
  /** Muon's, for the blocks' matrices. */
  matrices: number;
  /** AdamW's, for embeddings and norms. */
  rest: number;
}

/**
 * Full-parameter training of a model from scratch. F32 weights, multiplied in BF16 by default
 * (`computeType`), with Muon on the blocks' matrices and AdamW on the rest.
 */
export class Pretrainer {
  readonly model: Model;
  private readonly arena: Arena;
  private readonly muon: Muon;
  private readonly adam: AdamW;
  private readonly allocator: GraphAllocator;
  step = 0;

  constructor(
    private readonly backend: Backend,
    readonly hyper: Hyperparameters,
    seed: number,
    private readonly computeType = BF16,
  ) {
    const shapes = [...expectedTensors(hyper)].map(([name, ne]) => ({ name, ne }));
    this.arena = backend.allocate(shapes);
    for (const { name, ne } of shapes) {
      backend.upload(this.tensor(name), initialWeights(hyper, name, ne, seed));
    }
    this.model = assembleModel(hyper, this.arena.tensors, {
      trainable: true,
      transposes: new Map(),
      computeType,
    });
    const all = [...this.arena.tensors];
    this.muon = new Muon(backend, new Map(all.filter(([n, t]) => isHiddenMatrix(n, t))));
    this.adam = new AdamW(backend, new Map(all.filter(([n, t]) => !isHiddenMatrix(n, t))), {
      ...ADAMW,
      beta2: 0.95,
    });
    this.allocator = new GraphAllocator(backend);
  }

  /** One step over the rows; mean loss per supervised token before it, in nats. */
  async train(rows: readonly TokenRow[], rates: PretrainRates): Promise<number> {
    const both = {
      update: (g: Graph, gradients: Gradients) => {
        this.muon.update(g, gradients, rates.matrices);
        this.adam.update(g, gradients, rates.rest);
      },
    };
    const batch = pack(rows, WINDOW_TOKENS, ALIGNMENT, MATRIX_ALIGNMENT);
    const loss = await trainStep(this.model, batch, both, this.allocator, 0);
    this.step++;
    return loss;
  }

  save(): PretrainState {
    const weights = new Map<string, Float32Array>();
    for (const [name, t] of this.arena.tensors) weights.set(name, this.backend.download(t));
    return { step: this.step, weights, momentum: this.muon.save(), adam: this.adam.save() };
  }

  restore(state: PretrainState): void {
    this.step = state.step;
    for (const [name, data] of state.weights) this.backend.upload(this.tensor(name), data);
    this.muon.restore(state.momentum);
    this.adam.restore(state.adam);
  }

  /**
   * Writes the model as GGUF, matrices in the type in which they were multiplied in training and
   * norms in F32; the tokenizer's metadata come from the caller.
   */
  async export(path: string, tokenizer: Record<string, GgufValue>): Promise<void> {
    const { library } = this.backend;
    const tensors = [...this.arena.tensors].map(async ([name, t]) => {
      const type = t.ne[1] > 1 ? this.computeType : F32;
      const values = this.backend.download(t);
      return {
        name,
        type,
        ne: t.ne,
        data: await quantize(library, type, values, t.ne[0], { name }),
      };
    });
    writeGguf(library, path, {
      metadata: { ...modelMetadata(this.hyper), ...tokenizer },
      tensors: await Promise.all(tensors),
    });
  }

  private tensor(name: string): Tensor {
    return this.arena.tensors.get(name) as Tensor;
  }
}

/** Norms one, matrices normal with 1/sqrt(n_in), those that write to the residual stream smaller by sqrt(2 layers). */
function initialWeights(h: Hyperparameters, name: string, ne: Shape, seed: number): Float32Array {
  const count = ne[0] * ne[1];
  if (name.endsWith("norm.weight")) return new Float32Array(count).fill(1);
  const next = random(seedFor(seed, name));
  if (name === EMBEDDING) return normal(count, 0.05, next);
  const residual = /attn_output|ffn_down/.test(name) ? 1 / Math.sqrt(2 * h.layers) : 1;
  return normal(count, residual / Math.sqrt(ne[0]), next);
}
