import { BF16, F16, F32, I32, I64 } from "../tensor.ts";
import {
  contiguous,
  contiguousAbove2,
  contiguousRows,
  dense,
  either,
  RENAMING,
  type Requirement,
  rowsOf,
  sameShape,
  sameType,
  typed,
  weightTypesBut,
} from "./requirement.ts";

const FLOATS = [F32, F16];
const COPIED = [F32, F16, BF16];
/** Element by element over all of the tensor, without strides (unary.cu, scale.cu, clamp.cu). */
const UNARY = [contiguous(0), typed(0, ...FLOATS), sameType(0, "result")];
/** ggml_cuda_op_bin_bcast */
const BINARY = [typed(0, ...FLOATS), typed(1, ...FLOATS), typed("result", ...FLOATS)];
/** iq4_nl and mxfp4, of which rows are read 256 elements at a time. */
const IN_BLOCKS_OF_256 = [20, 39];
const ROWS = weightTypesBut("iq4_nl", "mxfp4", "nvfp4", "tq1_0", "tq2_0");

/**
 * `ggml_backend_cuda_device_supports_op` in ggml-cuda.cu; where that answers yes to everything, the
 * assertions of the operation's own file, and contiguity where its kernel counts elements.
 */
export const CUDA: Readonly<Record<string, readonly Requirement[]>> = {
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
  SILU_BACK: [contiguous(0), contiguous(1), typed(0, F32)],
  SUM_ROWS: [typed(0, F32), contiguousRows(0)],
  ARGMAX: [contiguous(0), typed(0, F32)],
  CONCAT: [sameType(0, 1), sameType(0, "result"), typed(0, F32, F16, BF16, I32)],
  RMS_NORM: [contiguousRows(0), typed(0, F32)],
  RMS_NORM_BACK: [contiguous(0), contiguous(1), typed(0, F32)],
  MUL_MAT: [
    dense(0),
    dense(1),
    typed(0, ...weightTypesBut("tq1_0", "tq2_0")),
    either([typed(1, F32)], [typed(0, F16), typed(1, F16)]),
  ],
  OUT_PROD: [typed(0, F32), typed(1, F32), typed("result", F32)],
  CPY: [typed(0, ...COPIED), typed("result", ...COPIED)],
  CONT: [typed(0, ...COPIED)],
  GET_ROWS: [
    either([typed(0, ...ROWS, I32)], [typed(0, ...IN_BLOCKS_OF_256), rowsOf(0, 256)]),
    typed(1, I32),
    dense(0),
  ],
  // get_rows_back_cuda: one matrix of rows.
  GET_ROWS_BACK: [typed(0, F32), typed("result", F32), contiguous(0)],
  SET_ROWS: [typed(0, F32), typed("result", F32, F16, BF16), typed(1, I32, I64)],
  SOFT_MAX: [contiguous(0), typed(0, F32), typed(1, ...FLOATS)],
  SOFT_MAX_BACK: [contiguous(0), contiguous(1), typed(0, F32), typed(1, F32)],
  ROPE: [dense(0), contiguousAbove2(0), rowsOf(0, 2), typed(0, ...FLOATS)],
  ROPE_BACK: [dense(0), contiguousAbove2(0), rowsOf(0, 2), typed(0, ...FLOATS)],
  OPT_STEP_ADAMW: [
    ...[0, 1, 2, 3, 4].flatMap((part) => [contiguous(part), typed(part, F32)]),
    sameShape(0, 1),
  ],
};
