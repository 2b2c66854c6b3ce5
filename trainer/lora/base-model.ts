import { GgufFile } from "../ggml/gguf.ts";
import { type Hyperparameters, readHyperparameters } from "../model/hyperparameters.ts";
import { TrainerError } from "../types.ts";
import type { AdapterFile } from "./adapter-file.ts";

/** A base model's file, open for a look at its shape. */
export interface BaseModel {
  file: GgufFile;
  hyper: Hyperparameters;
}

/** @throws TrainerError `model-unreadable` | `model-unsupported` */
export function openBase(path: string): BaseModel {
  const file = GgufFile.open(path);
  try {
    const parts = file.number("split.count") ?? 1;
    if (parts > 1) {
      throw new TrainerError(
        "model-unsupported",
        `${path} is one of ${parts} parts. Join them with llama.cpp's llama-gguf-split --merge first.`,
      );
    }
    return { file, hyper: readHyperparameters(file) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Makes sure that an adapter fits a base: architecture, names and dimensions.
 * @throws TrainerError `adapter-mismatch`
 */
export function checkFits({ file, hyper }: BaseModel, adapter: AdapterFile): void {
  const refuse = (what: string): TrainerError =>
    new TrainerError(
      "adapter-mismatch",
      `${adapter.path} ${what}. Choose the base that it was trained on.`,
    );
  if (adapter.architecture !== hyper.architecture) {
    throw refuse(
      `adapts a "${adapter.architecture}" model, ${file.path} is "${hyper.architecture}"`,
    );
  }
  for (const { name, a, b } of adapter.matrices) {
    const weight = file.tensors.get(name);
    if (!weight) throw refuse(`adapts ${name}, which ${file.path} does not have`);
    const [nIn, nOut, ...rest] = weight.ne;
    if (a.ne[0] !== nIn || b.ne[1] !== nOut || rest.some((n) => n !== 1)) {
      throw refuse(
        `has matrices of [${a.ne}] and [${b.ne}] for ${name}, which is [${weight.ne}] in ${file.path}`,
      );
    }
  }
}
