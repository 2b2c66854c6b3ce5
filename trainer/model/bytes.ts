import type { GgufFile, GgufTensor } from "../ggml/gguf.ts";
import { BF16 } from "../ggml/tensor.ts";
import { bytesOf } from "../ggml/tensor-types.ts";
import { pieceBytes } from "../layers/transposed.ts";
import { readHyperparameters } from "./hyperparameters.ts";
import { modelTensors } from "./tensors.ts";
import { projectionSpecs, type TransposeMode, transposeType } from "./transposes.ts";

/** What a model takes of a device's memory, in bytes. */
export interface ModelBytes {
  weights: number;
  /** Kept transposes; 0 when they are made per layer. */
  transposes: number;
  /** The most that transposes made per layer take at a time; 0 when they are kept. */
  scratch: number;
}

/** Devices begin each tensor at a multiple of so many bytes, at most. */
const ALIGNMENT = 256;

/**
 * The memory that a model will take on the CPU or another device, from its header alone: nothing is
 * loaded, no native code runs. Activations, adapters and optimizer state come on top.
 * @throws TrainerError `model-unreadable` | `model-unsupported`
 */
export function modelBytes(file: GgufFile, mode: TransposeMode, cpu: boolean): ModelBytes {
  const tensors = modelTensors(file, readHyperparameters(file));
  const projections = projectionSpecs(tensors);
  return {
    weights: sum(tensors, (t) => aligned(t.bytes)),
    transposes: mode === "cached" ? sum(projections, transposedBytes) : 0,
    scratch:
      mode === "cached"
        ? 0
        : Math.max(
            ...projections.map((t) =>
              pieceBytes(t.ne[0], t.ne[1], transposeType(t.type, BF16), cpu),
            ),
          ),
  };
}

/** The type in which a projection is transposed is BF16 or F16, which are of the same size, or F32. */
function transposedBytes({ type, ne }: GgufTensor): number {
  return aligned(bytesOf(transposeType(type, BF16), ne[0] * ne[1]));
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function sum(tensors: GgufTensor[], bytes: (t: GgufTensor) => number): number {
  return tensors.reduce((total, t) => total + bytes(t), 0);
}
