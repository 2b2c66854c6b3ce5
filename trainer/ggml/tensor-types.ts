/** How ggml stores the elements of a tensor: rows of blocks. */
export interface TensorType {
  /** ggml's number. */
  id: number;
  /** As ggml spells it, e.g. `q4_K`. */
  name: string;
  /** Elements of a block; a row holds whole blocks. */
  elements: number;
  /** Bytes of a block. */
  bytes: number;
  /** Whether a model's weights may have this type: ggml multiplies by it and reads its rows. */
  weights: boolean;
}

/** Number, name, elements and bytes of a block, as in ggml's `type_traits`. */
const WEIGHTS: readonly [number, string, number, number][] = [
  [0, "f32", 1, 4],
  [1, "f16", 1, 2],
  [2, "q4_0", 32, 18],
  [3, "q4_1", 32, 20],
  [6, "q5_0", 32, 22],
  [7, "q5_1", 32, 24],
  [8, "q8_0", 32, 34],
  [10, "q2_K", 256, 84],
  [11, "q3_K", 256, 110],
  [12, "q4_K", 256, 144],
  [13, "q5_K", 256, 176],
  [14, "q6_K", 256, 210],
  [16, "iq2_xxs", 256, 66],
  [17, "iq2_xs", 256, 74],
  [18, "iq3_xxs", 256, 98],
  [19, "iq1_s", 256, 50],
  [20, "iq4_nl", 32, 18],
  [21, "iq3_s", 256, 110],
  [22, "iq2_s", 256, 82],
  [23, "iq4_xs", 256, 136],
  [29, "iq1_m", 256, 56],
  [30, "bf16", 1, 2],
  [34, "tq1_0", 256, 54],
  [35, "tq2_0", 256, 66],
  [39, "mxfp4", 32, 17],
  [40, "nvfp4", 64, 36],
  [41, "q1_0", 128, 18],
  [42, "q2_0", 64, 18],
];
const OTHERS: readonly [number, string, number, number][] = [
  [9, "q8_1", 32, 36],
  [15, "q8_K", 256, 292],
  [24, "i8", 1, 1],
  [25, "i16", 1, 2],
  [26, "i32", 1, 4],
  [27, "i64", 1, 8],
  [28, "f64", 1, 8],
];

/** The types that a GGUF file may hold, by ggml's number. */
export const TENSOR_TYPES: ReadonlyMap<number, TensorType> = new Map(
  [...WEIGHTS, ...OTHERS].map(([id, name, elements, bytes]) => [
    id,
    { id, name, elements, bytes, weights: WEIGHTS.some(([known]) => known === id) },
  ]),
);

/** @throws RangeError for a number that ggml does not know */
export function tensorType(id: number): TensorType {
  const type = TENSOR_TYPES.get(id);
  if (!type) throw new RangeError(`ggml has no tensor type ${id}`);
  return type;
}

/** Bytes of `elements` values in rows of whole blocks. */
export function bytesOf(id: number, elements: number): number {
  const type = tensorType(id);
  return (elements / type.elements) * type.bytes;
}
