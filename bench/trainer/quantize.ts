import koffi from "koffi";
import { rowBytes } from "../../trainer/ggml/gguf-writer.ts";
import type { Library } from "../../trainer/ggml/library.ts";
import { requireLibraries } from "../../trainer/ggml/locate.ts";
import { F32 } from "../../trainer/ggml/tensor.ts";

const Q5_0 = 6;
const Q8_0 = 8;
const Q4_K = 12;
const Q6_K = 14;

type Quantize = (
  type: number,
  src: Float32Array,
  dst: Uint8Array,
  start: number,
  rows: number,
  columns: number,
  importance: null,
) => number;

let quantize: Quantize | undefined;

/** Rows of `columns` values each in one of ggml's types, by ggml's own conversion. */
export function quantized(
  library: Library,
  values: Float32Array,
  columns: number,
  type: number,
): Uint8Array {
  if (type === F32) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  quantize ??= koffi
    .load(requireLibraries(library.variant).base)
    .func(
      "size_t ggml_quantize_chunk(int type, const float * src, _Out_ void * dst, int64_t start, int64_t nrows, int64_t n_per_row, const float * imatrix)",
    ) as unknown as Quantize;
  const rows = values.length / columns;
  const out = new Uint8Array(rowBytes(library, type, columns) * rows);
  quantize(type, values, out, 0, rows, columns, null);
  return out;
}

/**
 * The type that llama.cpp's quantizer gives a matrix: K-quants need rows of a multiple of 256, and an
 * embedding that is the output projection too gets more bits.
 */
export function typeFor(type: number, columns: number, isOutput: boolean): number {
  if (type !== Q4_K) return type;
  if (columns % 256 !== 0) return isOutput ? Q8_0 : Q5_0;
  return isOutput ? Q6_K : Q4_K;
}
