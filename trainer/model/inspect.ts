import { GgufFile } from "../ggml/gguf.ts";
import { tensorType } from "../ggml/tensor-types.ts";
import { modelBytes } from "./bytes.ts";
import { readHyperparameters } from "./hyperparameters.ts";
import { modelTensors } from "./tensors.ts";

/** What a model's file says of it, and the memory that training on it takes. */
export interface ModelOutline {
  architecture: string;
  /** As its file calls it. */
  name: string;
  parameters: number;
  contextLength: number;
  /** Tensor types, e.g. `["f32", "q4_K"]`. */
  types: string[];
  /**
   * Bytes of weights and transposes while it is trained on: the least, with transposes made while they are
   * used, and what it takes to keep them, which is faster. Activations and adapters come on top.
   */
  memory: { least: number; fast: number };
}

/**
 * Looks at a model's header. Nothing is loaded, and no native code runs.
 * @throws TrainerError `model-unreadable` | `model-unsupported`
 */
export function inspectModel(path: string): ModelOutline {
  const file = GgufFile.open(path);
  try {
    const { architecture, name, contextLength } = readHyperparameters(file);
    const tensors = modelTensors(file, readHyperparameters(file));
    const made = modelBytes(file, "per-layer", true);
    const kept = modelBytes(file, "cached", true);
    return {
      architecture,
      name,
      parameters: tensors.reduce((sum, { ne }) => sum + ne[0] * ne[1], 0),
      contextLength,
      types: [...new Set(tensors.map(({ type }) => tensorType(type).name))],
      memory: { least: made.weights + made.scratch, fast: kept.weights + kept.transposes },
    };
  } finally {
    file.close();
  }
}
