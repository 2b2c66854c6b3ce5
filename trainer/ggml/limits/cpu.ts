import { F16, F32 } from "../tensor.ts";
import { either, notTyped, RENAMING, type Requirement, sameShape, typed } from "./requirement.ts";

/** Types into which ggml converts no rows: they need an importance matrix. */
const WITHOUT_QUANTIZER = [16, 17, 18, 19, 21, 22, 29];
/** Quantized types by which outer products are computed. */
const QUANTIZED = [2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 23];

/**
 * `ggml_backend_cpu_device_supports_op` in ggml-cpu.cpp. Products by F16 and BF16 take a second
 * operand of the same type, too; the trainer's is always F32.
 */
export const CPU: Readonly<Record<string, readonly Requirement[]>> = {
  ...RENAMING,
  ADD: [],
  SUB: [],
  MUL: [],
  DIV: [],
  SCALE: [],
  SQR: [],
  SQRT: [],
  LOG: [],
  CLAMP: [],
  TANH: [],
  SILU: [],
  SILU_BACK: [],
  SUM_ROWS: [],
  ARGMAX: [],
  CONCAT: [],
  RMS_NORM: [],
  RMS_NORM_BACK: [],
  MUL_MAT: [typed(1, F32)],
  OUT_PROD: [
    either([typed(0, F32)], [typed(0, F16, ...QUANTIZED), sameBatch()]),
    typed(1, F32),
    typed("result", F32),
  ],
  CPY: [notTyped("result", ...WITHOUT_QUANTIZER)],
  CONT: [],
  GET_ROWS: [],
  GET_ROWS_BACK: [typed(0, F32, F16)],
  SET_ROWS: [notTyped("result", ...WITHOUT_QUANTIZER)],
  SOFT_MAX: [],
  SOFT_MAX_BACK: [typed(0, F32), typed(1, F32)],
  ROPE: [],
  ROPE_BACK: [],
  OPT_STEP_ADAMW: [sameShape(0, 1)],
};

/** No head of the first operand is used for several of the second. */
function sameBatch(): Requirement {
  return {
    says: "both sources have as many matrices",
    holds: ({ sources: [a, b] }) => a?.ne[2] === b?.ne[2] && a?.ne[3] === b?.ne[3],
  };
}
