import { BF16, F16, F32, I32, I64 } from "../tensor.ts";
import {
  contiguous,
  contiguousRows,
  dense,
  either,
  RENAMING,
  type Requirement,
  sameShape,
  sameType,
  typed,
  weightTypesBut,
} from "./requirement.ts";

const FLOATS = [F32, F16];
const UNARY = [contiguousRows(0), typed(0, ...FLOATS)];
const BINARY = [contiguousRows(0), contiguousRows(1), typed(0, ...FLOATS), sameType(0, 1)];
const COPIES = [
  either(
    [typed(0, F32), typed("result", F32, F16, BF16, I32)],
    [typed(0, F16), typed("result", F32, F16)],
    [typed(0, BF16), typed("result", F32, BF16)],
    [typed(0, I32), typed("result", F32, I32)],
  ),
];

/**
 * `ggml_metal_device_supports_op` and `ggml_metal_supports_mul_mat_op` in ggml-metal-device.m, with
 * the assertions of ggml-metal-ops.cpp, for a GPU of Apple silicon: it reduces within SIMD groups and
 * has BF16. There is no OUT_PROD, RMS_NORM_BACK, SOFT_MAX_BACK or GET_ROWS_BACK.
 */
export const METAL: Readonly<Record<string, readonly Requirement[]>> = {
  ...RENAMING,
  ADD: BINARY,
  SUB: BINARY,
  MUL: BINARY,
  DIV: BINARY,
  SCALE: UNARY,
  SQR: UNARY,
  SQRT: UNARY,
  LOG: UNARY,
  CLAMP: UNARY,
  TANH: UNARY,
  SILU: UNARY,
  SILU_BACK: [contiguous(0), contiguous(1), typed(0, F32), typed(1, F32), sameShape(0, 1)],
  SUM_ROWS: [contiguousRows(0), typed(0, F32)],
  ARGMAX: [typed(0, F32), contiguousRows(0)],
  CONCAT: [sameType(0, 1), sameType(0, "result"), typed(0, F32, F16, BF16, I32)],
  RMS_NORM: [contiguousRows(0), typed(0, F32)],
  MUL_MAT: [
    typed(0, ...weightTypesBut("nvfp4", "tq1_0")),
    typed(1, F32),
    // Its kernels read along rows.
    dense(0),
    dense(1),
  ],
  CPY: COPIES,
  CONT: COPIES,
  GET_ROWS: [typed(0, ...weightTypesBut("nvfp4", "tq1_0"), I32), typed(1, I32)],
  SET_ROWS: [typed(0, F32), typed("result", F32, F16, BF16), typed(1, I32, I64)],
  SOFT_MAX: [contiguousRows(0), typed(0, F32), typed(1, ...FLOATS)],
  ROPE: [typed(0, ...FLOATS), dense(0)],
  ROPE_BACK: [typed(0, ...FLOATS), dense(0)],
  OPT_STEP_ADAMW: [0, 1, 2, 3, 4].flatMap((part) => [contiguous(part), typed(part, F32)]),
};
