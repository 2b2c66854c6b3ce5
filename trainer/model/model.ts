import type { RopeOptions } from "../ggml/graph.ts";
import { F32, type Shape, shape, type Tensor } from "../ggml/tensor.ts";
import type { Attention } from "../layers/attention.ts";
import type { FeedForward } from "../layers/feedforward.ts";
import { biasName, type Linear } from "../layers/linear.ts";
import type { Norm } from "../layers/norm.ts";
import { TrainerError } from "../types.ts";
import { ARCHITECTURES, type Architecture, PROJECTIONS, type Projection } from "./architectures.ts";
import type { Hyperparameters } from "./hyperparameters.ts";

/** One transformer block. */
export interface Block {
  attentionNorm: Norm;
  attention: Attention;
  /** Of what attention adds to the residual stream, in models that have it. */
  postAttentionNorm?: Norm;
  feedForwardNorm: Norm;
  feedForward: FeedForward;
  postFeedForwardNorm?: Norm;
}

/** A decoder-only language model, arranged in layers. */
export interface Model {
  hyper: Hyperparameters;
  /** `[n_embd, n_vocab]` */
  embedding: Tensor;
  embeddingTrainable: boolean;
  /** Factor of the embeddings as they enter the first block. */
  embeddingScale: number;
  blocks: Block[];
  finalNorm: Norm;
  /** The output projection; its weight is the embedding in models that tie the two. */
  output: Linear;
}

export const EMBEDDING = "token_embd.weight";
export const OUTPUT = "output.weight";
const ROPE_FACTORS = "rope_freqs.weight";

/** What sets this model's family apart. */
export function architectureOf(h: Hyperparameters): Architecture {
  const found = ARCHITECTURES[h.architecture];
  if (!found) throw new TrainerError("model-unsupported", `"${h.architecture}" is not supported.`);
  return found;
}

/** Dimensions of each projection of a block, `[n_in, n_out]`. */
function projectionShapes(h: Hyperparameters): Record<Projection, Shape> {
  const q = h.headDim * h.heads;
  const kv = h.headDim * h.kvHeads;
  return {
    attn_q: shape(h.width, q),
    attn_k: shape(h.width, kv),
    attn_v: shape(h.width, kv),
    attn_output: shape(q, h.width),
    ffn_gate: shape(h.width, h.feedForward),
    ffn_up: shape(h.width, h.feedForward),
    ffn_down: shape(h.feedForward, h.width),
  };
}

/** Every tensor a model of this shape must have, with its dimensions. */
export function expectedTensors(h: Hyperparameters): Map<string, Shape> {
  const { headNorms, postNorms } = architectureOf(h);
  const projection = projectionShapes(h);
  const norms: Record<string, Shape> = {
    attn_norm: shape(h.width),
    ...(headNorms && { attn_q_norm: shape(h.headDim), attn_k_norm: shape(h.headDim) }),
    ...(postNorms && { post_attention_norm: shape(h.width), post_ffw_norm: shape(h.width) }),
    ffn_norm: shape(h.width),
  };
  const all = new Map<string, Shape>([[EMBEDDING, shape(h.width, h.vocabulary)]]);
  for (let i = 0; i < h.layers; i++) {
    for (const [name, ne] of Object.entries(norms)) all.set(`blk.${i}.${name}.weight`, ne);
    for (const name of PROJECTIONS) all.set(`blk.${i}.${name}.weight`, projection[name]);
  }
  all.set("output_norm.weight", shape(h.width));
  return all;
}

/** Tensors that a model of this shape may have beyond the {@link expectedTensors}. */
export function optionalTensors(h: Hyperparameters): Map<string, Shape> {
  const { biases, ropeFactors } = architectureOf(h);
  const projection = projectionShapes(h);
  const all = new Map<string, Shape>([[OUTPUT, shape(h.width, h.vocabulary)]]);
  if (ropeFactors) all.set(ROPE_FACTORS, shape(h.ropeDims / 2));
  for (let i = 0; i < h.layers; i++) {
    for (const name of biases) all.set(`blk.${i}.${name}.bias`, shape(projection[name][1]));
  }
  return all;
}

/** How {@link assembleModel} treats the weights. */
export interface Assembly {
  /** Every weight is trained (pre-training) instead of frozen (LoRA). */
  trainable: boolean;
  /** Kept transposes of frozen projections by weight name. */
  transposes: Map<string, Tensor>;
  /** Type in which trained weights, and transposes of frozen ones that are not F32, enter products. */
  computeType: number;
}

/** Arranges a model's tensors into layers. */
export function assembleModel(
  h: Hyperparameters,
  tensors: Map<string, Tensor>,
  { trainable, transposes, computeType }: Assembly,
): Model {
  const architecture = architectureOf(h);
  const get = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new TrainerError("model-unreadable", `The model lacks the tensor ${name}.`);
    return tensor;
  };
  const linear = (name: string): Linear => ({
    name,
    weight: get(name),
    bias: tensors.get(biasName(name)),
    transpose: transposes.get(name),
    trainable,
    computeType: trainable || get(name).type !== F32 ? computeType : F32,
  });
  const norm = (name: string): Norm => ({ name, weight: get(name), trainable, eps: h.rmsEps });
  const rope: RopeOptions = {
    dims: h.ropeDims,
    mode: architecture.rope === "halves" ? 2 : 0,
    base: h.ropeBase,
    scale: h.ropeScale,
    contextLength: h.contextLength,
    factors: tensors.get(ROPE_FACTORS),
  };
  const blocks = Array.from({ length: h.layers }, (_, i): Block => {
    const at = (name: string): string => `blk.${i}.${name}.weight`;
    const sliding = h.sliding?.layers[i] ?? false;
    return {
      attentionNorm: norm(at("attn_norm")),
      attention: {
        q: linear(at("attn_q")),
        k: linear(at("attn_k")),
        v: linear(at("attn_v")),
        output: linear(at("attn_output")),
        ...(architecture.headNorms && {
          qNorm: norm(at("attn_q_norm")),
          kNorm: norm(at("attn_k_norm")),
        }),
        heads: h.heads,
        kvHeads: h.kvHeads,
        headDim: h.headDim,
        scale: h.attentionScale ?? 1 / Math.sqrt(h.headDim),
        rope: sliding ? { ...rope, base: h.sliding?.ropeBase ?? rope.base, scale: 1 } : rope,
        sliding,
      },
      ...(architecture.postNorms && {
        postAttentionNorm: norm(at("post_attention_norm")),
        postFeedForwardNorm: norm(at("post_ffw_norm")),
      }),
      feedForwardNorm: norm(at("ffn_norm")),
      feedForward: {
        gate: linear(at("ffn_gate")),
        up: linear(at("ffn_up")),
        down: linear(at("ffn_down")),
        activation: architecture.activation,
      },
    };
  });
  return {
    hyper: h,
    embedding: get(EMBEDDING),
    embeddingTrainable: trainable,
    embeddingScale: architecture.scaledEmbedding ? Math.sqrt(h.width) : 1,
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
