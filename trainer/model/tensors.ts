import type { GgufFile, GgufTensor } from "../ggml/gguf.ts";
import { F32 } from "../ggml/tensor.ts";
import { tensorType } from "../ggml/tensor-types.ts";
import { TrainerError } from "../types.ts";
import { type Hyperparameters, refuse } from "./hyperparameters.ts";
import { expectedTensors, optionalTensors } from "./model.ts";

/**
 * The tensors of a model file, checked against what its architecture and metadata say.
 * @throws TrainerError `model-unreadable` where one is missing or misshapen, `model-unsupported` where
 *   one is of no known purpose or type
 */
export function modelTensors(file: GgufFile, hyper: Hyperparameters): GgufTensor[] {
  const required = expectedTensors(hyper);
  const optional = optionalTensors(hyper);
  for (const name of required.keys()) {
    if (!file.tensors.has(name)) {
      throw new TrainerError(
        "model-unreadable",
        `${file.path} lacks the tensor ${name}; it is incomplete. Download it again.`,
      );
    }
  }
  return [...file.tensors.values()].map((info) => {
    const ne = required.get(info.name) ?? optional.get(info.name);
    if (!ne) throw refuse(file, `has the tensor ${info.name}`);
    if (info.ne.some((n, i) => n !== ne[i])) {
      throw new TrainerError(
        "model-unreadable",
        `${file.path}: tensor ${info.name} is [${info.ne}], its metadata say [${ne}]. Download it again.`,
      );
    }
    const type = tensorType(info.type);
    if (!type.weights || (ne[1] === 1 && info.type !== F32)) {
      throw refuse(file, `stores ${info.name} as ${type.name}`);
    }
    return info;
  });
}
