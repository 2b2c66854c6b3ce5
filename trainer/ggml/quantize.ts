import koffi from "koffi";
import { TrainerError } from "../errors.ts";
import type { Library } from "./library.ts";
import { F32 } from "./tensor.ts";
import { bytesOf, tensorType } from "./tensor-types.ts";

const TRAITS = koffi.struct("ggml_type_traits", {
  type_name: "const char *",
  blck_size: "int64_t",
  blck_size_interleave: "int64_t",
  type_size: "size_t",
  is_quantized: "bool",
  to_float: "void *",
  from_float_ref: "void *",
});
const TO_FLOAT = koffi.proto("void ggml_to_float(const void * x, void * y, int64_t k)");

/**
 * ggml's numbers for the types that are made from F32 without an importance matrix: F32, F16,
 * Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, IQ3_S, IQ4_XS, BF16. Others would abort the
 * process or lose too much.
 */
const WRITABLE = new Set([0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 21, 23, 30]);

/** Whether {@link quantize} can make this type. */
export function isWritable(type: number): boolean {
  return WRITABLE.has(type);
}

/**
 * Converts raw tensor data of any type to F32, by ggml's reference functions. F32 is not copied.
 * @param data whole blocks
 * @param into room for the values, at least as many
 * @throws TrainerError `model-unsupported` for a type that holds no weights, such as I32
 */
export function dequantize(
  { c }: Library,
  type: number,
  data: Uint8Array,
  into?: Float32Array,
): Float32Array {
  const { elements, bytes, name } = tensorType(type);
  const count = (data.byteLength / bytes) * elements;
  if (type === F32) return new Float32Array(data.buffer, data.byteOffset, count);
  const toFloat: bigint | null = koffi.decode(c.ggml_get_type_traits(type), TRAITS).to_float;
  if (!toFloat) {
    throw new TrainerError(
      "model-unsupported",
      `Tensors of type ${name} hold no weights that can be converted.`,
    );
  }
  const values = into?.subarray(0, count) ?? new Float32Array(count);
  koffi.call(toFloat, TO_FLOAT, data, values, count);
  return values;
}

/**
 * Converts rows of F32 values to a type, as llama.cpp's quantizer does without an importance
 * matrix: the same bytes.
 * @param columns values in a row; whole blocks of the type
 * @param options.name of the values, for the error
 * @param options.into room for the bytes, at least as many
 * @param options.threads slices that are converted at once; the result does not depend on it
 * @throws TrainerError `model-unsupported` where a value is not finite in the type
 */
export async function quantize(
  library: Library,
  type: number,
  values: Float32Array,
  columns: number,
  options: { name: string; threads?: number; into?: Uint8Array },
): Promise<Uint8Array> {
  const { c } = library;
  const rows = values.length / columns;
  const size = bytesOf(type, values.length);
  const data = options.into?.subarray(0, size) ?? new Uint8Array(size);
  // Makes ggml's tables before threads would do so at once.
  c.ggml_quantize_init(type);
  const perSlice = Math.ceil(rows / (options.threads ?? 1));
  const slices: Promise<void>[] = [];
  for (let row = 0; row < rows; row += perSlice) {
    const count = Math.min(perSlice, rows - row);
    slices.push(quantizeRows(library, type, values, data, row, count, columns));
  }
  await Promise.all(slices);
  if (!c.ggml_validate_row_data(type, data, data.byteLength)) {
    throw new TrainerError(
      "model-unsupported",
      `${options.name} has values that are not finite in ${c.ggml_type_name(type)}: they were damaged in training, or are too large for it.`,
    );
  }
  return data;
}

function quantizeRows(
  { c }: Library,
  type: number,
  values: Float32Array,
  data: Uint8Array,
  row: number,
  rows: number,
  columns: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    c.ggml_quantize_chunk.async(
      type,
      values,
      data,
      row * columns,
      rows,
      columns,
      null,
      (error: Error | null) => (error ? reject(error) : resolve()),
    );
  });
}
