import { GgufFile } from "../../ggml/gguf.ts";
import { type GgufValue, GgufWriter, writeGguf } from "../../ggml/gguf-writer.ts";
import { loadLibrary } from "../../ggml/library.ts";
import { F32, type Shape } from "../../ggml/tensor.ts";
import { bytesOf, tensorType } from "../../ggml/tensor-types.ts";
import type { Hyperparameters } from "../../model/hyperparameters.ts";
import { modelMetadata } from "../../model/metadata.ts";
import { expectedTensors, OUTPUT, optionalTensors } from "../../model/model.ts";
import { normal, random, seedFor } from "../../random.ts";

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

/** The same, of every supported architecture, each with what sets it apart. */
export const SMALL_OF: Readonly<Record<string, { hyper: Hyperparameters; extras: Extras }>> = {
  llama: { hyper: SMALL, extras: {} },
  qwen2: { hyper: { ...SMALL, architecture: "qwen2", ropeBase: 1e6 }, extras: { biases: true } },
  // Heads wider than the model divided by their number.
  qwen3: {
    hyper: { ...SMALL, architecture: "qwen3", headDim: 24, ropeDims: 24, rmsEps: 1e-6 },
    extras: {},
  },
  // The middle layer sees everything, the others 21 tokens, with rotations of their own.
  gemma3: {
    hyper: {
      ...SMALL,
      architecture: "gemma3",
      layers: 3,
      headDim: 24,
      ropeDims: 24,
      ropeBase: 1e6,
      ropeScale: 1 / 8,
      sliding: { window: 21, ropeBase: 10000, layers: [true, false, true] },
    },
    extras: {},
  },
};

/** A shape whose rows K-quants can hold: a multiple of 256. */
export function wide(hyper: Hyperparameters): Hyperparameters {
  return { ...hyper, width: 256, feedForward: 512, headDim: 64, ropeDims: 64 };
}

/** What only some models have. */
export interface Extras {
  /** An output projection of its own instead of the embedding. */
  untied?: boolean;
  /** A bias wherever the architecture may have one. */
  biases?: boolean;
  /** Per-frequency divisors of Llama 3, `[ropeDims / 2]`. */
  ropeFactors?: number[];
  /** ggml's number of a matrix's type, F32 unless given; norms and biases are F32. */
  typeOf?: (name: string) => number;
  /** Deviation of the embedding's values; 0.5 unless given. */
  embedding?: number;
  /** A GGUF whose tokenizer it has instead of one byte per token; of the same architecture. */
  vocabularyOf?: string;
  /** What its file says beside that. */
  metadata?: Record<string, GgufValue>;
}

/** Writes a model of the given shape with seeded random weights that llama.cpp loads too. */
export function writeRandomModel(
  path: string,
  hyper: Hyperparameters = SMALL,
  seed = 1,
  extras: Extras = {},
): void {
  const library = loadLibrary("cpu");
  const shapes = expectedTensors(hyper);
  for (const [name, ne] of optionalTensors(hyper)) {
    const wanted =
      name === OUTPUT
        ? extras.untied
        : name === "rope_freqs.weight"
          ? extras.ropeFactors
          : extras.biases;
    if (wanted) shapes.set(name, ne);
  }
  const tensors = [...shapes].map(([name, ne]) => {
    const values =
      name === "rope_freqs.weight"
        ? Float32Array.from(extras.ropeFactors ?? [])
        : randomWeights(name, ne, seed, extras.embedding);
    const type = ne[1] === 1 ? F32 : (extras.typeOf?.(name) ?? F32);
    return { name, type, ne, data: quantized(values, type, ne[0]) };
  });
  const metadata = { ...modelMetadata(hyper), ...extras.metadata };
  if (!extras.vocabularyOf) {
    writeGguf(library, path, { metadata: { ...metadata, ...byteTokenizer() }, tensors });
    return;
  }
  const base = GgufFile.open(extras.vocabularyOf);
  const writer = GgufWriter.create(library, path, { metadata, tensors }, base);
  for (const { data } of tensors) writer.append(data);
  writer.publish();
  base.close();
}

/** Values as ggml stores them in a type, in rows of `columns`. */
export function quantized(values: Float32Array, type: number, columns: number): Uint8Array {
  if (type === F32) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (columns % tensorType(type).elements !== 0) {
    throw new Error(`${tensorType(type).name} has no rows of ${columns}`);
  }
  const { c } = loadLibrary("cpu");
  const bytes = new Uint8Array(bytesOf(type, values.length));
  c.ggml_quantize_chunk(type, values, bytes, 0, values.length / columns, columns, null);
  return bytes;
}

function randomWeights(name: string, ne: Shape, seed: number, embedding = 0.5): Float32Array {
  const count = ne[0] * ne[1];
  const next = random(seedFor(seed, name));
  if (name.endsWith("norm.weight")) return normal(count, 0.1, next).map((x) => 1 + x);
  if (name.endsWith(".bias")) return normal(count, 0.2, next);
  return normal(count, name === "token_embd.weight" ? embedding : 1 / Math.sqrt(ne[0]), next);
}

/** The metadata of the byte-level vocabulary. */
export function byteTokenizer(): Record<string, GgufValue> {
  const types = new Int32Array(VOCABULARY).fill(1);
  types.fill(3, 0, 2);
  return {
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
