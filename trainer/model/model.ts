import type { RopeOptions } from "../ggml/graph.ts";
import { type Shape, shape, type Tensor } from "../ggml/tensor.ts";
import type { Attention } from "../layers/attention.ts";
import type { FeedForward } from "../layers/feedforward.ts";
import type { Linear } from "../layers/linear.ts";
import type { Norm } from "../layers/norm.ts";
import { TrainerError } from "../types.ts";
import type { Hyperparameters } from "./hyperparameters.ts";

/** One transformer block. */
export interface Block {
  attentionNorm: Norm;
  attention: Attention;
  feedForwardNorm: Norm;
  feedForward: FeedForward;
}

/** A Llama-style language model, arranged in layers. */
export interface Model {
  hyper: Hyperparameters;
  /** `[n_embd, n_vocab]` */
  embedding: Tensor;
  embeddingTrainable: boolean;
  blocks: Block[];
  finalNorm: Norm;
  /** The output projection; its weight is the embedding in models that tie the two. */
  output: Linear;
}

export const EMBEDDING = "token_embd.weight";
export const OUTPUT = "output.weight";

const PROJECTIONS = [
  "attn_q",
  "attn_k",
  "attn_v",
  "attn_output",
  "ffn_gate",
  "ffn_up",
  "ffn_down",
] as const;

/** Every tensor a model of this shape must have, with its dimensions. */
export function expectedTensors(h: Hyperparameters): Map<string, Shape> {
  const q = h.headDim * h.heads;
  const kv = h.headDim * h.kvHeads;
  const projection: Record<(typeof PROJECTIONS)[number], Shape> = {
    attn_q: shape(h.width, q),
    attn_k: shape(h.width, kv),
    attn_v: shape(h.width, kv),
    attn_output: shape(q, h.width),
    ffn_gate: shape(h.width, h.feedForward),
    ffn_up: shape(h.width, h.feedForward),
    ffn_down: shape(h.feedForward, h.width),
  };
  const all = new Map<string, Shape>([["token_embd.weight", shape(h.width, h.vocabulary)]]);
  for (let i = 0; i < h.layers; i++) {
    all.set(`blk.${i}.attn_norm.weight`, shape(h.width));
    all.set(`blk.${i}.ffn_norm.weight`, shape(h.width));
    for (const name of PROJECTIONS) all.set(`blk.${i}.${name}.weight`, projection[name]);
  }
  all.set("output_norm.weight", shape(h.width));
  return all;
}

/** How {@link assembleModel} treats the weights. */
export interface Assembly {
  /** Every weight is trained (pre-training) instead of frozen (LoRA). */
  trainable: boolean;
  /** Transposes of frozen projections by weight name. */
  transposes: Map<string, Tensor>;
  /** Type in which trained weights enter multiplications. */
  computeType: number;
}

/** Arranges a model's tensors into layers. */
export function assembleModel(
  h: Hyperparameters,
  tensors: Map<string, Tensor>,
  { trainable, transposes, computeType }: Assembly,
): Model {
  const get = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new TrainerError("model-unreadable", `The model lacks the tensor ${name}.`);
    return tensor;
  };
  const linear = (name: string): Linear => ({
    name,
    weight: get(name),
    transpose: transposes.get(name),
    trainable,
    computeType,
  });
  const norm = (name: string): Norm => ({ name, weight: get(name), trainable, eps: h.rmsEps });
  const rope: RopeOptions = {
    dims: h.ropeDims,
    mode: 0,
    base: h.ropeBase,
    scale: h.ropeScale,
    contextLength: h.contextLength,
    factors: tensors.get("rope_freqs.weight"),
  };
  const blocks = Array.from({ length: h.layers }, (_, i): Block => {
    const at = (name: string): string => `blk.${i}.${name}.weight`;
    return {
      attentionNorm: norm(at("attn_norm")),
      attention: {
        q: linear(at("attn_q")),
        k: linear(at("attn_k")),
        v: linear(at("attn_v")),
        output: linear(at("attn_output")),
        heads: h.heads,
        kvHeads: h.kvHeads,
        headDim: h.headDim,
        rope,
      },
      feedForwardNorm: norm(at("ffn_norm")),
      feedForward: {
        gate: linear(at("ffn_gate")),
        up: linear(at("ffn_up")),
        down: linear(at("ffn_down")),
      },
    };
  });
  return {
    hyper: h,
    embedding: get(EMBEDDING),
    embeddingTrainable: trainable,
    blocks,
    finalNorm: norm("output_norm.weight"),
    output: linear(tensors.has(OUTPUT) ? OUTPUT : EMBEDDING),
  };
}

/** The projections of a model, by GGUF tensor name, output included. */
export function projections(model: Model): Linear[] {
  return [
    ...model.blocks.flatMap(({ attention: a, feedForward: f }) => [
      a.q,
      a.k,
      a.v,
      a.output,
      f.gate,
      f.up,
      f.down,
    ]),
    model.output,
  ];
}
