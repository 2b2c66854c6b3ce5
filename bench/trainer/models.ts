import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { EMBEDDED_MODEL } from "../../app/config.ts";
import { GgufFile } from "../../trainer/ggml/gguf.ts";
import { type GgufHeader, GgufWriter } from "../../trainer/ggml/gguf-writer.ts";
import { loadLibrary } from "../../trainer/ggml/library.ts";
import { dequantize, quantize } from "../../trainer/ggml/quantize.ts";
import { BF16, F32, type Shape } from "../../trainer/ggml/tensor.ts";
import type { Hyperparameters } from "../../trainer/model/hyperparameters.ts";
import { modelMetadata } from "../../trainer/model/metadata.ts";
import { EMBEDDING, expectedTensors, optionalTensors } from "../../trainer/model/model.ts";
import { random, seedFor } from "../../trainer/random.ts";

/** Used for making files. */
const THREADS = 2;

/** (i) and (ii) have random weights; (iii) is the embedded model. */
export const MODELS = ["i", "ii", "iii"] as const;
export type ModelName = (typeof MODELS)[number];

/** Types of the frozen base weights. */
export const PRECISIONS = { f32: F32, bf16: BF16, q8_0: 8, q4_K: 12 } as const;
export type Precision = keyof typeof PRECISIONS;

/** Qwen2.5-0.5B's shape, and a Llama shape of 30M parameters; both tie output and embedding. */
const SHAPES: Record<"i" | "ii", Hyperparameters> = {
  i: {
    architecture: "qwen2",
    name: "random weights, shape of Qwen2.5-0.5B",
    layers: 24,
    width: 896,
    feedForward: 4864,
    heads: 14,
    kvHeads: 2,
    headDim: 64,
    vocabulary: 151_936,
    contextLength: 32_768,
    rmsEps: 1e-6,
    ropeBase: 1_000_000,
    ropeScale: 1,
    ropeDims: 64,
  },
  ii: {
    architecture: "llama",
    name: "random weights, 30M parameters",
    layers: 8,
    width: 512,
    feedForward: 1408,
    heads: 8,
    kvHeads: 8,
    headDim: 64,
    vocabulary: 8192,
    contextLength: 2048,
    rmsEps: 1e-5,
    ropeBase: 10_000,
    ropeScale: 1,
    ropeDims: 64,
  },
};

/** Tokens that a model knows. */
export function vocabularyOf(name: ModelName): number {
  if (name !== "iii") return SHAPES[name].vocabulary;
  const file = GgufFile.open(EMBEDDED_MODEL);
  try {
    return file.tensors.get(EMBEDDING)!.ne[1];
  } finally {
    file.close();
  }
}

/** Path of a model at a precision, made in `work` where it is not there yet. */
export async function modelFile(
  work: string,
  name: ModelName,
  precision: Precision,
): Promise<string> {
  const path = join(work, `${name}-${precision}.gguf`);
  // The embedded model changes now and then; its copies are made anew.
  const from = name === "iii" ? statSync(EMBEDDED_MODEL).mtimeMs : 0;
  if (existsSync(path) && statSync(path).mtimeMs > from) return path;
  mkdirSync(work, { recursive: true });
  if (name === "iii") await convert(EMBEDDED_MODEL, path, PRECISIONS[precision]);
  else await writeRandom(SHAPES[name], path, PRECISIONS[precision]);
  return path;
}

const Q5_0 = 6;
const Q8_0 = 8;
const Q4_K = 12;
const Q6_K = 14;

/**
 * The type that llama.cpp's quantizer gives a matrix: K-quants need rows of a multiple of 256, and an
 * embedding that is the output projection too gets more bits.
 */
function typeFor(type: number, columns: number, isOutput: boolean): number {
  if (type !== Q4_K) return type;
  if (columns % 256 !== 0) return isOutput ? Q8_0 : Q5_0;
  return isOutput ? Q6_K : Q4_K;
}

/** Seeded weights, the same before they are quantized at every precision. */
async function writeRandom(hyper: Hyperparameters, path: string, type: number): Promise<void> {
  const shapes = [...expectedTensors(hyper)];
  for (const [name, ne] of optionalTensors(hyper)) {
    if (/attn_[qkv]\.bias$/.test(name) && hyper.architecture === "qwen2") shapes.push([name, ne]);
  }
  await write(path, type, modelMetadata(hyper), shapes, (name, ne) => randomWeights(name, ne));
}

/** The same model with its matrices in another type. */
async function convert(from: string, path: string, type: number): Promise<void> {
  const file = GgufFile.open(from);
  try {
    const shapes = [...file.tensors].map(([name, { ne }]): [string, Shape] => [name, ne]);
    const read = (name: string): Float32Array => {
      const info = file.tensors.get(name)!;
      return dequantize(loadLibrary("cpu"), info.type, file.read(info));
    };
    await write(path, type, {}, shapes, read, file);
  } finally {
    file.close();
  }
}

async function write(
  path: string,
  type: number,
  metadata: GgufHeader["metadata"],
  shapes: [string, Shape][],
  values: (name: string, ne: Shape) => Float32Array,
  base?: GgufFile,
): Promise<void> {
  const library = loadLibrary("cpu");
  const tensors = shapes.map(([name, ne]) => ({
    name,
    ne,
    type: ne[1] > 1 ? typeFor(type, ne[0], name === EMBEDDING) : F32,
  }));
  const writer = GgufWriter.create(library, path, { metadata, tensors }, base);
  try {
    for (const { name, ne, type } of tensors) {
      writer.append(
        await quantize(library, type, values(name, ne), ne[0], { name, threads: THREADS }),
      );
    }
    writer.publish();
  } finally {
    writer.discard();
  }
}

/** Normal, so scaled that activations keep their size and logits begin near a deviation of 1. */
function randomWeights(name: string, ne: Shape): Float32Array {
  const count = ne[0] * ne[1];
  if (name.endsWith("norm.weight")) return new Float32Array(count).fill(1);
  const next = random(seedFor(1, name));
  const deviation = name.endsWith(".bias") ? 0.1 : 1 / Math.sqrt(ne[0]);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - next())) * deviation;
    const angle = 2 * Math.PI * next();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}
