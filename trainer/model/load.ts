import type { Arena, Backend } from "../ggml/backend.ts";
import { GgufFile, type GgufTensor } from "../ggml/gguf.ts";
import { Graph, GraphAllocator } from "../ggml/graph.ts";
import { BF16, F16, F32, type Tensor } from "../ggml/tensor.ts";
import { tensorType } from "../ggml/tensor-types.ts";
import { TrainerError } from "../types.ts";
import { type Hyperparameters, readHyperparameters, refuse } from "./hyperparameters.ts";
import {
  assembleModel,
  EMBEDDING,
  expectedTensors,
  type Model,
  OUTPUT,
  optionalTensors,
} from "./model.ts";

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
  free(): void;
}

/**
 * Loads a GGUF model, with a transposed copy of every projection: the backward pass needs Wᵀ·dy,
 * and a plain matrix product is the fast path of every backend.
 * @throws TrainerError `model-unreadable` | `model-unsupported`
 */
export async function loadModel(backend: Backend, path: string): Promise<LoadedModel> {
  const file = GgufFile.open(path);
  try {
    const hyper = readHyperparameters(file);
    const infos = tensorInfos(file, hyper);
    const weights = backend.allocate(infos);
    for (const info of infos) {
      backend.upload(weights.tensors.get(info.name) as Tensor, file.read(info));
    }
    const transposes = await transposeProjections(backend, infos, weights.tensors);
    return {
      model: assembleModel(hyper, weights.tensors, {
        trainable: false,
        transposes: transposes.tensors,
        computeType: F32,
      }),
      path,
      backend,
      bytes: weights.bytes + transposes.bytes,
      parameters: infos.reduce((sum, t) => sum + t.ne.reduce((a, b) => a * b, 1), 0),
      types: [...new Set(infos.map((t) => backend.library.c.ggml_type_name(t.type) as string))],
      free: () => {
        weights.free();
        transposes.free();
      },
    };
  } finally {
    file.close();
  }
}

/** The tensors that the model has, checked against their expected dimensions. */
function tensorInfos(file: GgufFile, hyper: Hyperparameters): GgufTensor[] {
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

/** Transposes of floating types keep their type; those of quantized ones are F16. */
async function transposeProjections(
  backend: Backend,
  infos: GgufTensor[],
  weights: Map<string, Tensor>,
): Promise<Arena> {
  const hasOutput = weights.has(OUTPUT);
  const chosen = infos.filter((t) => t.ne[1] > 1 && !(t.name === EMBEDDING && hasOutput));
  const arena = backend.allocate(
    chosen.map(({ name, type, ne }) => ({
      name,
      type: [F32, F16, BF16].includes(type) ? type : F16,
      ne: [ne[1], ne[0], 1, 1] as const,
    })),
  );
  const allocator = new GraphAllocator(backend);
  for (const { name } of chosen) {
    const weight = weights.get(name) as Tensor;
    const target = arena.tensors.get(name) as Tensor;
    const g = new Graph(backend, 16);
    const plain = weight.type === target.type ? weight : dequantized(g, weight);
    g.effect(g.copy(g.transposed(plain), target));
    await g.run(allocator);
    g.free();
  }
  allocator.free();
  return arena;
}

/** get_rows is the one operation that turns every quantized type into F32 on every backend. */
function dequantized(g: Graph, weight: Tensor): Tensor {
  return g.getRows(weight, g.ints(Int32Array.from({ length: weight.ne[1] }, (_, i) => i)));
}
