import type { Arena, Backend } from "../ggml/backend.ts";
import { GgufFile, type GgufTensor } from "../ggml/gguf.ts";
import type { Tensor } from "../ggml/tensor.ts";
import { tensorType } from "../ggml/tensor-types.ts";
import { readHyperparameters } from "./hyperparameters.ts";
import { assembleModel, type Model } from "./model.ts";
import { modelTensors } from "./tensors.ts";
import { cacheTransposes, computeTypeOf, type TransposeMode } from "./transposes.ts";
import { checkVocabulary } from "./vocabulary.ts";

/** A frozen base model on a device, ready for scoring and LoRA. */
export interface LoadedModel {
  model: Model;
  path: string;
  backend: Backend;
  /** Bytes on the device: weights, and the transposed copies for the backward pass. */
  bytes: number;
  parameters: number;
  /** The file's tensor types by name, e.g. `q4_K`. */
  types: string[];
  transposes: TransposeMode;
  free(): void;
}

/** Weights go from the file to the device in pieces of this many bytes. */
const PIECE_BYTES = 16 * 1024 * 1024;

/**
 * Loads a GGUF model. Forward products take its weights as they are; `transposes` says where those of
 * the backward pass come from (default `cached`).
 * @throws TrainerError `model-unreadable` | `model-unsupported`
 */
export async function loadModel(
  backend: Backend,
  path: string,
  options: { transposes?: TransposeMode } = {},
): Promise<LoadedModel> {
  const file = GgufFile.open(path);
  const arenas: Arena[] = [];
  const free = (): void => {
    for (const arena of arenas) arena.free();
  };
  try {
    const hyper = readHyperparameters(file);
    const tensors = modelTensors(file, hyper);
    checkVocabulary(file, hyper.vocabulary);
    const weights = backend.allocate(tensors);
    arenas.push(weights);
    upload(backend, file, tensors, weights);
    const computeType = computeTypeOf(backend);
    let transposes = new Map<string, Tensor>();
    if (options.transposes !== "per-layer") {
      const cached = await cacheTransposes(backend, tensors, weights.tensors, computeType);
      arenas.push(cached);
      transposes = cached.tensors;
    }
    return {
      model: assembleModel(hyper, weights.tensors, { trainable: false, transposes, computeType }),
      path,
      backend,
      bytes: arenas.reduce((sum, arena) => sum + arena.bytes, 0),
      parameters: tensors.reduce((sum, t) => sum + t.ne.reduce((a, b) => a * b, 1), 0),
      transposes: options.transposes ?? "cached",
      types: [...new Set(tensors.map((t) => tensorType(t.type).name))],
      free,
    };
  } catch (error) {
    free();
    throw error;
  } finally {
    file.close();
  }
}

/** Needs no more memory than one piece beside the device's. */
function upload(backend: Backend, file: GgufFile, tensors: GgufTensor[], weights: Arena): void {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (const info of tensors) {
    for (let from = 0; from < info.bytes; from += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, info.bytes - from));
      file.readInto(piece, info, from);
      backend.upload(weights.tensors.get(info.name) as Tensor, piece, from);
    }
  }
}
