import {
  type ChosenType,
  chooseType,
  FILE_TYPES,
  type FileType,
  isConverted,
  QUANTIZATION_VERSION,
} from "../ggml/file-type.ts";
import type { GgufTensor } from "../ggml/gguf.ts";
import type { GgufValue } from "../ggml/gguf-writer.ts";
import { isWritable } from "../ggml/quantize.ts";
import { bytesOf, tensorType } from "../ggml/tensor-types.ts";
import { OUTPUT } from "../model/model.ts";
import { TrainerError } from "../types.ts";
import type { AdapterFile } from "./adapter-file.ts";
import type { BaseModel } from "./base-model.ts";
import type { Addend } from "./update.ts";

/** What becomes of one tensor of the base. */
export interface PlannedTensor {
  source: GgufTensor;
  type: number;
  addends: Addend[];
}

export interface MergePlan {
  tensors: PlannedTensor[];
  metadata: Record<string, GgufValue>;
  /** Bytes of all tensors. */
  bytes: number;
  /** Sentences about tensors whose type is not the one asked for. */
  fallbacks: string[];
}

/**
 * Decides the type of every tensor before any work.
 * @param kind `same`: each tensor keeps its own
 * @throws TrainerError `model-unsupported` for an adapted tensor whose own type cannot be made
 */
export function planMerge(
  base: BaseModel,
  adapters: { adapter: AdapterFile; scale: number }[],
  kind: FileType | "same",
  name: string,
): MergePlan {
  const addends = new Map<string, Addend[]>();
  for (const { adapter, scale } of adapters) {
    for (const matrix of adapter.matrices) {
      const addend = { adapter, matrix, scale: scale * matrix.scale };
      addends.set(matrix.name, [...(addends.get(matrix.name) ?? []), addend]);
    }
  }
  const fallbacks: string[] = [];
  const tensors = [...base.file.tensors.values()].map((source) => {
    const parts = addends.get(source.name) ?? [];
    const { type, instead } = targetType(base, source, kind);
    if (instead !== undefined) {
      fallbacks.push(
        `${source.name} has rows of ${source.ne[0]} values, which ${tensorType(instead).name} cannot hold: it becomes ${tensorType(type).name}.`,
      );
    }
    if (parts.length > 0 && !isWritable(type)) {
      throw new TrainerError(
        "model-unsupported",
        `${base.file.path}: ${source.name} has the type ${tensorType(type).name}, which cannot be made again without an importance matrix. Choose a type for the merged model.`,
      );
    }
    return { source, type, addends: parts };
  });
  return {
    tensors,
    metadata: {
      "general.name": { string: name },
      ...(kind !== "same" && {
        "general.file_type": { u32: FILE_TYPES[kind].id },
        "general.quantization_version": { u32: QUANTIZATION_VERSION },
      }),
    },
    bytes: tensors.reduce((sum, t) => sum + bytesOf(t.type, elements(t.source)), 0),
    fallbacks,
  };
}

function targetType(base: BaseModel, source: GgufTensor, kind: FileType | "same"): ChosenType {
  if (kind === "same" || !isConverted(source.name, source.ne)) return { type: source.type };
  return chooseType(kind, source.name, source.ne, {
    ...base.hyper,
    tied: !base.file.tensors.has(OUTPUT),
  });
}

export function elements({ ne }: GgufTensor): number {
  return ne[0] * ne[1] * ne[2] * ne[3];
}
