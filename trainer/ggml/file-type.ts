import type { Shape } from "./tensor.ts";
import { tensorType } from "./tensor-types.ts";

const F16 = 1;
const Q5_0 = 6;
const Q5_1 = 7;
const Q8_0 = 8;
const Q4_K = 12;
const Q5_K = 13;
const Q6_K = 14;

/** How a whole model is stored: llama.cpp's number (`llama_ftype`) and the type of most matrices. */
export const FILE_TYPES = {
  f32: { id: 0, usual: 0 },
  f16: { id: 1, usual: F16 },
  bf16: { id: 32, usual: 30 },
  q8_0: { id: 7, usual: Q8_0 },
  q6_k: { id: 18, usual: Q6_K },
  q5_k_m: { id: 17, usual: Q5_K },
  q4_k_m: { id: 15, usual: Q4_K },
  q4_k_s: { id: 14, usual: Q4_K },
  q4_0: { id: 2, usual: 2 },
} as const;
export type FileType = keyof typeof FILE_TYPES;

/** GGML_QNT_VERSION, which files with quantized tensors name. */
export const QUANTIZATION_VERSION = 2;

/** What the choice depends on besides a tensor's own name and dimensions. */
export interface FileFacts {
  architecture: string;
  layers: number;
  heads: number;
  kvHeads: number;
  /** The embedding is the output projection, too. */
  tied: boolean;
}

export interface ChosenType {
  type: number;
  /** The type that rows of this length cannot have, where another one stands in. */
  instead?: number;
}

/** Whether a file's type concerns this tensor; norms, biases and tables keep their own. */
export function isConverted(name: string, ne: Shape): boolean {
  const matrix = ne[1] * ne[2] * ne[3] > 1;
  return matrix && name.endsWith("weight") && !name.endsWith("_norm.weight");
}

/**
 * The type that llama.cpp's quantizer gives a tensor of a dense model without an importance matrix
 * (`llama_tensor_get_type` in its src/llama-quant.cpp): in mixtures some matrices have more bits, and
 * rows that are no multiple of a block get a type with smaller blocks.
 */
export function chooseType(kind: FileType, name: string, ne: Shape, facts: FileFacts): ChosenType {
  const { usual } = FILE_TYPES[kind];
  if (tensorType(usual).elements === 1) return { type: usual };
  return fitting(mixed(kind, usual, name, ne, facts), ne[0]);
}

function mixed(kind: FileType, usual: number, name: string, ne: Shape, facts: FileFacts): number {
  if (name === "output.weight" || (facts.tied && name === "token_embd.weight")) {
    return usual === Q8_0 || ne[0] % tensorType(usual).elements !== 0 ? Q8_0 : Q6_K;
  }
  const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0);
  const medium = kind === "q4_k_m" || kind === "q5_k_m";
  if (name.includes("attn_v.weight")) {
    if (medium && hasMoreBits(layer, facts.layers)) return Q6_K;
    const many = kind === "q4_k_s" && layer < 4;
    return many || (usual === Q4_K && hasWideValues(facts)) ? Q5_K : usual;
  }
  if (name.includes("ffn_down")) {
    if (medium && hasMoreBits(layer, facts.layers)) return Q6_K;
    return kind === "q4_k_s" && layer < Math.floor(facts.layers / 8) ? Q5_K : usual;
  }
  return usual;
}

/** The first and last eighth of the layers, and every third between. */
function hasMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  const last = Math.floor((7 * layers) / 8);
  return layer < eighth || layer >= last || (layer - eighth) % 3 === 2;
}

/** 70B models: eight query heads share a value head, so that values are few and matter more. */
function hasWideValues({ architecture, layers, heads, kvHeads }: FileFacts): boolean {
  if (layers !== 80) return false;
  return architecture === "qwen2" || (architecture === "llama" && heads !== kvHeads);
}

/** Types with smaller blocks for rows that are no multiple of 256 values. */
const SMALLER: Record<number, number> = { [Q4_K]: Q5_0, [Q5_K]: Q5_1, [Q6_K]: Q8_0 };

function fitting(type: number, columns: number): ChosenType {
  if (columns % tensorType(type).elements === 0) return { type };
  const smaller = SMALLER[type] ?? type;
  const fits = columns % tensorType(smaller).elements === 0;
  return { type: fits ? smaller : F16, instead: type };
}
