import type { GgufFile } from "../ggml/gguf.ts";
import { TrainerError } from "../types.ts";
import { ARCHITECTURES, type Architecture, SUPPORTED_ARCHITECTURES } from "./architectures.ts";

/** The shape of a decoder-only transformer, as GGUF metadata give it. */
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
  /** Factor of queries times keys where it is not 1/sqrt(headDim). */
  attentionScale?: number;
  /** Layers that see only the last tokens, themselves included, and turn by a base of their own. */
  sliding?: { window: number; ropeBase: number; layers: boolean[] };
}

/**
 * Reads and checks a model's hyperparameters.
 * @throws TrainerError `model-unsupported` naming what is not supported, or `model-unreadable`
 */
export function readHyperparameters(file: GgufFile): Hyperparameters {
  const name = file.string("general.architecture") ?? "unknown";
  const architecture = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (!architecture) throw refuse(file, `has the architecture "${name}"`);
  const key = (suffix: string): string => `${name}.${suffix}`;
  refuseParts(file);
  refuseVariants(file, key);
  const embedding = file.tensors.get("token_embd.weight");
  if (!embedding) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} has no token_embd.weight: it is no complete language model. Download it again.`,
    );
  }
  const layers = size(file, key("block_count"));
  // Nothing else bounds the loops over a damaged file's layers.
  if (layers > file.tensors.size) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} says that it has ${layers} layers, in ${file.tensors.size} tensors; it is damaged. Download it again.`,
    );
  }
  const width = size(file, key("embedding_length"));
  const heads = size(file, key("attention.head_count"));
  const hyper: Hyperparameters = {
    architecture: name,
    name: file.string("general.name") ?? "unnamed",
    layers,
    width,
    feedForward: size(file, key("feed_forward_length")),
    heads,
    kvHeads: size(file, key("attention.head_count_kv"), heads),
    headDim: size(file, key("attention.key_length"), Math.floor(width / heads)),
    vocabulary: embedding.ne[1],
    contextLength: size(file, key("context_length")),
    rmsEps: positive(file, key("attention.layer_norm_rms_epsilon")),
    ropeBase: positive(file, key("rope.freq_base"), 10000),
    ropeScale: 1 / ropeFactor(file, key),
    ropeDims: 0,
  };
  hyper.ropeDims = size(file, key("rope.dimension_count"), hyper.headDim);
  checkHeads(file, hyper);
  const scale = architecture.attentionScale?.(hyper);
  if (scale !== undefined) hyper.attentionScale = scale;
  const sliding = slidingLayers(file, key, architecture, layers);
  if (sliding) hyper.sliding = sliding;
  return hyper;
}

/** @throws TrainerError when the heads do not fit together */
function checkHeads(file: GgufFile, h: Hyperparameters): void {
  const valueDim = size(file, `${h.architecture}.attention.value_length`, h.headDim);
  if (valueDim !== h.headDim || h.ropeDims !== h.headDim || h.headDim % 2 !== 0) {
    throw refuse(
      file,
      `has heads of ${h.headDim} (keys), ${valueDim} (values) and ${h.ropeDims} (rotated) dimensions`,
    );
  }
  if (h.heads % h.kvHeads !== 0) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} says that ${h.heads} query heads share ${h.kvHeads} key heads; it is damaged. Download it again.`,
    );
  }
}

/** How much positions are stretched. llama.cpp takes a missing type for "linear". */
function ropeFactor(file: GgufFile, key: (name: string) => string): number {
  if (file.string(key("rope.scaling.type")) === "none") return 1;
  const factor = file.number(key("rope.scaling.factor")) ?? file.number(key("rope.scale_linear"));
  return factor ? positive(file, key("rope.scaling.factor"), factor) : 1;
}

function slidingLayers(
  file: GgufFile,
  key: (name: string) => string,
  architecture: Architecture,
  layers: number,
): Hyperparameters["sliding"] {
  const window = file.number(key("attention.sliding_window")) ?? 0;
  if (!architecture.sliding || window === 0) return undefined;
  const every = size(file, key("attention.sliding_window_pattern"), architecture.sliding.every);
  const given = file.numbers(key("attention.sliding_window_pattern"));
  if (given && given.length < layers) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} tells of ${given.length} of its ${layers} layers whether their attention slides; it is damaged. Download it again.`,
    );
  }
  return {
    window: size(file, key("attention.sliding_window")),
    ropeBase: positive(file, key("rope.freq_base_swa"), 10000),
    layers: Array.from({ length: layers }, (_, i) =>
      given ? given[i] !== 0 : i % every < every - 1,
    ),
  };
}

/** Metadata that change a model's computation in a way that the layers do not know, unless neutral. */
const VARIANTS: Readonly<Record<string, { neutral: number; what: string }>> = {
  expert_count: { neutral: 0, what: "is a mixture of experts" },
  "attention.causal": { neutral: 1, what: "attends to what follows" },
  final_logit_softcapping: { neutral: 0, what: "caps its logits" },
  attn_logit_softcapping: { neutral: 0, what: "caps its attention" },
  nextn_predict_layers: { neutral: 0, what: "has layers that predict several tokens" },
  "rope.scaling.attn_factor": { neutral: 1, what: "scales its attention by its rotary positions" },
};

function refuseVariants(file: GgufFile, key: (name: string) => string): void {
  for (const [name, { neutral, what }] of Object.entries(VARIANTS)) {
    if ((file.number(key(name)) ?? neutral) !== neutral) throw refuse(file, what);
  }
  const scaling = file.string(key("rope.scaling.type")) ?? "linear";
  if (!["none", "linear"].includes(scaling)) {
    throw refuse(file, `scales its rotary positions by "${scaling}"`);
  }
  for (const name of ["attention.head_count", "attention.head_count_kv", "feed_forward_length"]) {
    if (file.arrayLength(key(name)) > 0) throw refuse(file, "has layers of different shapes");
  }
}

function refuseParts(file: GgufFile): void {
  const parts = file.number("split.count") ?? 1;
  if (parts <= 1) return;
  throw new TrainerError(
    "model-unsupported",
    `${file.path} is one of ${parts} parts of a model. Join them with llama.cpp's llama-gguf-split --merge.`,
  );
}

/** A whole number above 0. */
function size(file: GgufFile, key: string, otherwise?: number): number {
  const value = positive(file, key, otherwise);
  // Products of a few sizes stay exact.
  if (Number.isInteger(value) && value < 2 ** 32) return value;
  throw damaged(file, key, value);
}

function positive(file: GgufFile, key: string, otherwise?: number): number {
  const value = otherwise === undefined ? file.requireNumber(key) : (file.number(key) ?? otherwise);
  if (value > 0 && Number.isFinite(value)) return value;
  throw damaged(file, key, value);
}

function damaged(file: GgufFile, key: string, value: number): TrainerError {
  return new TrainerError(
    "model-unreadable",
    `${file.path} gives ${key} as ${value}; it is damaged. Download it again.`,
  );
}

/** A model that is whole, but not of a kind that the trainer computes. */
export function refuse(file: GgufFile, what: string): TrainerError {
  return new TrainerError(
    "model-unsupported",
    `${file.path} ${what.replace(/\p{Cc}/gu, "?")}, which the trainer does not support yet. Supported: ${SUPPORTED_ARCHITECTURES.join(", ")} (dense, without YaRN).`,
  );
}
