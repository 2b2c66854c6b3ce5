import type { GgufFile } from "../ggml/gguf.ts";
import { TrainerError } from "../types.ts";

/** The architectures whose layers the trainer knows. */
export const SUPPORTED_ARCHITECTURES = ["llama"] as const;

/** The shape of a Llama-style transformer, as GGUF metadata give it. */
export interface Hyperparameters {
  architecture: string;
  name: string;
  layers: number;
  /** n_embd */
  width: number;
  /** n_ff */
  feedForward: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  contextLength: number;
  rmsEps: number;
  ropeBase: number;
  ropeScale: number;
  ropeDims: number;
}

/**
 * Reads and checks a model's hyperparameters.
 * @throws TrainerError `model-unsupported` naming what is not supported, or `model-unreadable`
 */
export function readHyperparameters(file: GgufFile): Hyperparameters {
  const architecture = file.string("general.architecture") ?? "unknown";
  if (!(SUPPORTED_ARCHITECTURES as readonly string[]).includes(architecture)) {
    throw refuse(file, `has the architecture "${architecture}"`);
  }
  const key = (name: string): string => `${architecture}.${name}`;
  const width = file.requireNumber(key("embedding_length"));
  const heads = file.requireNumber(key("attention.head_count"));
  const headDim = file.number(key("attention.key_length")) ?? width / heads;
  const embedding = file.tensors.get("token_embd.weight");
  if (!embedding) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} has no token_embd.weight: it is no complete language model. Download it again.`,
    );
  }
  refuseVariants(file, key);
  const layers = file.requireNumber(key("block_count"));
  // Nothing else bounds the loops over a damaged file's layers.
  if (!Number.isInteger(layers) || layers < 1 || layers > file.tensors.size) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} says that it has ${layers} layers, in ${file.tensors.size} tensors; it is damaged. Download it again.`,
    );
  }
  const scaling = file.string(key("rope.scaling.type")) ?? "none";
  const factor = file.number(key("rope.scaling.factor")) ?? 1;
  return {
    architecture,
    name: file.string("general.name") ?? "unnamed",
    layers,
    width,
    feedForward: file.requireNumber(key("feed_forward_length")),
    heads,
    kvHeads: file.number(key("attention.head_count_kv")) ?? heads,
    headDim,
    vocabulary: embedding.ne[1],
    contextLength: file.requireNumber(key("context_length")),
    rmsEps: file.requireNumber(key("attention.layer_norm_rms_epsilon")),
    ropeBase: file.number(key("rope.freq_base")) ?? 10000,
    ropeScale: scaling === "linear" ? 1 / factor : 1,
    ropeDims: file.number(key("rope.dimension_count")) ?? headDim,
  };
}

function refuseVariants(file: GgufFile, key: (name: string) => string): void {
  if ((file.number(key("expert_count")) ?? 0) > 0) throw refuse(file, "is a mixture of experts");
  const scaling = file.string(key("rope.scaling.type")) ?? "none";
  if (!["none", "linear", "llama3"].includes(scaling)) {
    throw refuse(file, `scales its rotary positions by "${scaling}"`);
  }
  for (const name of file.tensors.keys()) {
    if (/^blk\.\d+\..*\.bias$/.test(name)) throw refuse(file, `has the bias ${name}`);
  }
}

function refuse(file: GgufFile, what: string): TrainerError {
  return new TrainerError(
    "model-unsupported",
    `${file.path} ${what}, which the trainer does not support yet. Supported: ${SUPPORTED_ARCHITECTURES.join(", ")} (dense, without biases).`,
  );
}
