import { BF16, F16, F32, I32, I64 } from "../tensor.ts";
import {
  contiguous,
  contiguousRows,
  either,
  RENAMING,
  type Requirement,
  sameType,
  typed,
  weightTypesBut,
} from "./requirement.ts";

const FLOATS = [F32, F16];
const UNARY = [typed(0, ...FLOATS), sameType(0, "result")];
const BINARY = [typed(0, ...FLOATS), typed(1, ...FLOATS), typed("result", ...FLOATS)];
/** To and from F32, to a quantized type of 32 elements or one of 1 or 2 bits. */
const CONVERTED = [F16, BF16, 2, 3, 6, 7, 8, 20, 41, 42];
const COPIES = [
  either(
    [typed(0, F32), typed("result", F32, I32, ...CONVERTED)],
    [typed("result", F32), typed(0, I32, ...CONVERTED)],
    [sameType(0, "result"), typed(0, F16, BF16, I32)],
  ),
];

/**
 * `ggml_backend_vk_device_supports_op` in ggml-vulkan.cpp, without the size of a device's buffers:
 * memory is estimated before a job begins.
 */
export const VULKAN: Readonly<Record<string, readonly Requirement[]>> = {
  ...RENAMING,
  ADD: BINARY,
  SUB: BINARY,
  MUL: BINARY,
  DIV: BINARY,
  SCALE: [contiguous(0), typed(0, F32)],
  SQR: UNARY,
  SQRT: UNARY,
  LOG: UNARY,
  CLAMP: UNARY,
  TANH: UNARY,
  SILU: UNARY,
  SILU_BACK: [contiguous(0), typed(0, F32)],
  SUM_ROWS: [contiguousRows(0), typed(0, F32)],
  ARGMAX: [contiguous(0), typed(0, F32)],
  CONCAT: [sameType(0, 1), sameType(0, "result"), typed(0, F32, F16, BF16, I32)],
  RMS_NORM: [],
  RMS_NORM_BACK: [contiguous(0), typed(0, F32)],
  MUL_MAT: [typed(0, ...weightTypesBut()), typed(1, F32)],
  OUT_PROD: [contiguous(0), typed(0, F32), contiguous(1), typed(1, F32)],
  CPY: COPIES,
  CONT: COPIES,
  GET_ROWS: [typed(0, ...weightTypesBut("nvfp4"), I32)],
  GET_ROWS_BACK: [typed(0, F32), typed("result", F32)],
  SET_ROWS: [typed(0, ...FLOATS), typed("result", F32, F16, BF16), typed(1, I32, I64)],
  SOFT_MAX: [contiguous(0), typed(0, F32), typed(1, ...FLOATS)],
  SOFT_MAX_BACK: [contiguous(0), typed(0, F32), contiguous(1), typed(1, F32)],
  ROPE: [contiguousRows("result"), contiguousRows(0)],
  ROPE_BACK: [],
  OPT_STEP_ADAMW: [contiguous(0), typed(0, F32)],
};
