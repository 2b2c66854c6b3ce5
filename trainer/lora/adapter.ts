import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Backend } from "../ggml/backend.ts";
import { writeGguf } from "../ggml/gguf-writer.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import type { Linear } from "../layers/linear.ts";
import { type Model, projections } from "../model/model.ts";
import { random, seedFor, uniform } from "../random.ts";
import { LORA_TARGETS, type LoraOptions, type LoraTarget, TrainerError } from "../types.ts";
import { type AdaptedMatrix, AdapterFile, scaleOf } from "./adapter-file.ts";

/** A LoRA adapter on a device: `<projection>.lora_a` `[n_in, r]` and `.lora_b` `[r, n_out]`. */
export interface Adapter {
  options: LoraOptions;
  tensors: Map<string, Tensor>;
  bytes: number;
  free(): void;
}

/** The projections of a model that an adapter with these targets changes. */
export function targeted(model: Model, targets: readonly string[]): Linear[] {
  return projections(model).filter((p) => {
    const target = /^blk\.\d+\.(\w+)\.weight$/.exec(p.name)?.[1];
    return target !== undefined && targets.includes(target);
  });
}

/**
 * A fresh adapter that changes nothing: A uniform within 1/sqrt(n_in) (as PEFT: Kaiming uniform
 * with a = sqrt 5), B zero.
 * @throws TrainerError `invalid-job` for a rank that is no positive integer within the matrices
 */
export function createAdapter(
  backend: Backend,
  model: Model,
  options: LoraOptions,
  seed: number,
): Adapter {
  const layers = targeted(model, options.targets);
  checkOptions(options, layers);
  const adapter = allocate(backend, options, layers);
  for (const { name, weight } of layers) {
    const [nIn, nOut] = weight.ne;
    const next = random(seedFor(seed, name));
    const a = uniform(nIn * options.rank, 1 / Math.sqrt(nIn), next);
    backend.upload(adapter.tensors.get(`${name}.lora_a`) as Tensor, a);
    const b = new Float32Array(options.rank * nOut);
    backend.upload(adapter.tensors.get(`${name}.lora_b`) as Tensor, b);
  }
  return adapter;
}

/**
 * Reads an adapter GGUF onto the device, as F32 whatever its types are.
 * @throws TrainerError `adapter-unreadable`, or `adapter-mismatch` for one of another base model
 */
export function readAdapter(backend: Backend, model: Model, path: string): Adapter {
  const file = AdapterFile.open(backend.library, path);
  try {
    if (file.architecture !== model.hyper.architecture) {
      throw new TrainerError(
        "adapter-mismatch",
        `${path} adapts a "${file.architecture}" model, the base is "${model.hyper.architecture}". Choose the base that it was trained on.`,
      );
    }
    const matrices = new Map(file.matrices.map((matrix) => [matrix.name, matrix]));
    const layers = projections(model).filter((p) => matrices.has(p.name));
    if (layers.length !== matrices.size || layers.length === 0) {
      throw new TrainerError(
        "adapter-mismatch",
        `${path} adapts ${matrices.size} matrices, of which ${layers.length} are in this base model. Choose the base that it was trained on.`,
      );
    }
    const rank = Math.max(...file.matrices.map((matrix) => matrix.rank));
    const targets = LORA_TARGETS.filter((t) => layers.some((p) => p.name.endsWith(`.${t}.weight`)));
    const rankOf = (name: string): number => (matrices.get(name) as AdaptedMatrix).rank;
    const adapter = allocate(backend, { rank, alpha: file.alpha, targets }, layers, rankOf);
    for (const { name, a, b } of file.matrices) {
      for (const [tensor, stored] of [
        [adapter.tensors.get(`${name}.lora_a`) as Tensor, a],
        [adapter.tensors.get(`${name}.lora_b`) as Tensor, b],
      ] as const) {
        if (stored.ne[0] !== tensor.ne[0] || stored.ne[1] !== tensor.ne[1]) {
          adapter.free();
          throw new TrainerError(
            "adapter-mismatch",
            `${path}: tensor ${stored.name} is [${stored.ne}] where this base model needs [${tensor.ne}].`,
          );
        }
        backend.upload(tensor, file.values(stored));
      }
    }
    return adapter;
  } finally {
    file.close();
  }
}

/** Writes an adapter as llama.cpp reads it; returns the file's hex SHA-256. */
export function writeAdapter(
  backend: Backend,
  model: Model,
  adapter: Adapter,
  path: string,
): string {
  writeGguf(backend.library, path, {
    metadata: {
      "general.type": { string: "adapter" },
      "general.architecture": { string: model.hyper.architecture },
      "general.name": { string: `LoRA of ${model.hyper.name}` },
      "adapter.type": { string: "lora" },
      "adapter.lora.alpha": { f32: adapter.options.alpha },
    },
    tensors: [...adapter.tensors].map(([name, tensor]) => ({
      name,
      type: F32,
      ne: tensor.ne,
      data: backend.downloadBytes(tensor),
    })),
  });
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Makes the model compute with an adapter, or without any. */
export function attach(model: Model, adapter: Adapter | undefined, trainable: boolean): void {
  for (const projection of projections(model)) {
    const a = adapter?.tensors.get(`${projection.name}.lora_a`);
    const b = adapter?.tensors.get(`${projection.name}.lora_b`);
    projection.lora =
      adapter && a && b
        ? { a, b, scale: scaleOf(adapter.options.alpha, a.ne[1]), trainable }
        : undefined;
  }
}

function allocate(
  backend: Backend,
  options: LoraOptions,
  layers: Linear[],
  rankOf: (name: string) => number = () => options.rank,
): Adapter {
  const arena = backend.allocate(
    layers.flatMap(({ name, weight }) => [
      { name: `${name}.lora_a`, ne: shape(weight.ne[0], rankOf(name)) },
      { name: `${name}.lora_b`, ne: shape(rankOf(name), weight.ne[1]) },
    ]),
  );
  return { options, tensors: arena.tensors, bytes: arena.bytes, free: arena.free };
}

function checkOptions(options: LoraOptions, layers: Linear[]): void {
  const { rank, alpha, targets } = options;
  const unknown = targets.filter((t) => !LORA_TARGETS.includes(t as LoraTarget));
  if (unknown.length > 0 || layers.length === 0) {
    throw new TrainerError(
      "invalid-job",
      `LoRA targets [${targets}] name no projections of this model. Known: ${LORA_TARGETS.join(", ")}.`,
    );
  }
  const limit = Math.min(...layers.map((p) => Math.min(p.weight.ne[0], p.weight.ne[1])));
  if (!Number.isInteger(rank) || rank < 1 || rank > limit) {
    throw new TrainerError(
      "invalid-job",
      `LoRA rank ${rank} is not a whole number from 1 to ${limit}, the smallest dimension of the adapted matrices.`,
    );
  }
  if (!Number.isFinite(alpha) || alpha <= 0) {
    throw new TrainerError("invalid-job", `LoRA alpha ${alpha} is not a positive number.`);
  }
}
