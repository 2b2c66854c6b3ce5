import { type GgufValue, writeGguf } from "../../trainer/ggml/gguf-writer.ts";
import { loadLibrary } from "../../trainer/ggml/library.ts";
import { F32, type Shape, shape } from "../../trainer/ggml/tensor.ts";
import type { Hyperparameters } from "../../trainer/model/hyperparameters.ts";
import { expectedTensors, OUTPUT } from "../../trainer/model/model.ts";
import { normal, random, seedFor } from "../../trainer/random.ts";

/** A byte-level vocabulary without merges: an end and a begin token, then the 256 bytes. */
export const VOCABULARY = 258;
export const END = 0;
export const BEGIN = 1;

/** GPT-2's printable stand-ins for bytes, as byte-level BPE vocabularies store them. */
export function byteAlphabet(): string[] {
  const printable = (b: number): boolean =>
    (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : next++));
}

/** A small grouped-query shape with odd sizes where they are allowed. */
export const SMALL: Hyperparameters = {
  architecture: "llama",
  name: "random",
  layers: 2,
  width: 64,
  feedForward: 96,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  vocabulary: VOCABULARY,
  contextLength: 512,
  rmsEps: 1e-5,
  ropeBase: 10000,
  ropeScale: 1,
  ropeDims: 16,
};

/** What only some models have. */
export interface Extras {
  /** An output projection of its own instead of the embedding. */
  untied?: boolean;
  /** Per-frequency divisors of Llama 3, `[ropeDims / 2]`. */
  ropeFactors?: number[];
}

/** Writes a model of the given shape with seeded random F32 weights that llama.cpp loads too. */
export function writeRandomModel(
  path: string,
  hyper: Hyperparameters = SMALL,
  seed = 1,
  extras: Extras = {},
): void {
  const library = loadLibrary("cpu");
  const shapes = expectedTensors(hyper);
  if (extras.untied) shapes.set(OUTPUT, shape(hyper.width, hyper.vocabulary));
  const tensors = [...shapes].map(([name, ne]) => ({
    name,
    type: F32,
    ne,
    data: new Uint8Array(randomWeights(name, ne, seed).buffer),
  }));
  if (extras.ropeFactors) {
    const factors = Float32Array.from(extras.ropeFactors);
    const data = new Uint8Array(factors.buffer);
    tensors.push({ name: "rope_freqs.weight", type: F32, ne: shape(factors.length), data });
  }
  writeGguf(library, path, { metadata: metadataOf(hyper), tensors });
}

function randomWeights(name: string, ne: Shape, seed: number): Float32Array {
  const count = ne[0] * ne[1];
  const next = random(seedFor(seed, name));
  if (name.endsWith("norm.weight")) return normal(count, 0.1, next).map((x) => 1 + x);
  return normal(count, name === "token_embd.weight" ? 0.5 : 1 / Math.sqrt(ne[0]), next);
}

function metadataOf(h: Hyperparameters): Record<string, GgufValue> {
  const key = (name: string): string => `${h.architecture}.${name}`;
  const types = new Int32Array(h.vocabulary).fill(1);
  types.fill(3, 0, 2);
  return {
    "general.architecture": { string: h.architecture },
    "general.name": { string: h.name },
    [key("block_count")]: { u32: h.layers },
    [key("context_length")]: { u32: h.contextLength },
    [key("embedding_length")]: { u32: h.width },
    [key("feed_forward_length")]: { u32: h.feedForward },
    [key("attention.head_count")]: { u32: h.heads },
    [key("attention.head_count_kv")]: { u32: h.kvHeads },
    [key("attention.key_length")]: { u32: h.headDim },
    [key("attention.value_length")]: { u32: h.headDim },
    [key("attention.layer_norm_rms_epsilon")]: { f32: h.rmsEps },
    [key("rope.dimension_count")]: { u32: h.ropeDims },
    [key("rope.freq_base")]: { f32: h.ropeBase },
    ...(h.ropeScale !== 1 && {
      [key("rope.scaling.type")]: { string: "linear" },
      [key("rope.scaling.factor")]: { f32: 1 / h.ropeScale },
    }),
    [key("vocab_size")]: { u32: h.vocabulary },
    "tokenizer.ggml.model": { string: "gpt2" },
    "tokenizer.ggml.pre": { string: "gpt-2" },
    "tokenizer.ggml.tokens": { strings: ["<|end|>", "<|begin|>", ...byteAlphabet()] },
    "tokenizer.ggml.token_type": { i32s: types },
    "tokenizer.ggml.merges": { strings: ["a b"] },
    "tokenizer.ggml.bos_token_id": { u32: BEGIN },
    "tokenizer.ggml.eos_token_id": { u32: END },
    "tokenizer.ggml.add_bos_token": { bool: true },
  };
}
