import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { TrainerError } from "../errors.ts";
import type { Backend } from "../ggml/backend.ts";
import { writeGguf } from "../ggml/gguf-writer.ts";
import type { Graph } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import type { Linear } from "../layers/linear.ts";
import { type Model, projections } from "../model/model.ts";
import type { OutputFile } from "../output.ts";
import { random, seedFor, uniform } from "../random.ts";
import { type AdaptedMatrix, AdapterFile, scaleOf } from "./adapter-file.ts";
import {
  fileAlpha,
  includesLayer,
  LORA_TARGETS,
  type LoraOptions,
  type LoraTarget,
} from "./options.ts";

/** A LoRA adapter on a device: `<projection>.lora_a` `[n_in, r]` and `.lora_b` `[r, n_out]`. */
export interface Adapter {
  /** The update is scaled by this divided by the rank of its matrix. */
  alpha: number;
  tensors: Map<string, Tensor>;
  bytes: number;
  free(): void;
}

/** The projections of a model that an adapter with these targets and layers changes. */
export function targeted(
  model: Model,
  options: { targets: readonly string[]; layers?: LoraOptions["layers"] },
): Linear[] {
  return projections(model).filter((p) => {
    const [, block, target] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(p.name) ?? [];
    if (block === undefined || target === undefined) return false;
    return options.targets.includes(target) && includesLayer(options, Number(block));
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
  const layers = targeted(model, options);
  checkLora(options, model);
  const adapter = allocate(backend, fileAlpha(options), layers, () => options.rank);
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
    const rankOf = (name: string): number => (matrices.get(name) as AdaptedMatrix).rank;
    const adapter = allocate(backend, file.alpha, layers, rankOf);
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

/**
 * Writes an adapter as llama.cpp reads it; returns the file's hex SHA-256.
 * @param out a path, or a file that was taken for it earlier
 * @throws TrainerError `write-failed`
 */
export function writeAdapter(
  backend: Backend,
  model: Model,
  adapter: Adapter,
  out: string | OutputFile,
): string {
  writeGguf(backend.library, out, {
    metadata: {
      "general.type": { string: "adapter" },
      "general.architecture": { string: model.hyper.architecture },
      "general.name": { string: `LoRA of ${model.hyper.name}` },
      "adapter.type": { string: "lora" },
      "adapter.lora.alpha": { f32: adapter.alpha },
    },
    tensors: [...adapter.tensors].map(([name, tensor]) => ({
      name,
      type: F32,
      ne: tensor.ne,
      data: backend.downloadBytes(tensor),
    })),
  });
  const path = typeof out === "string" ? out : out.path;
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/**
 * Makes the model compute with an adapter, or without any.
 * @param mask draws a mask of a projection's input, for dropout
 */
export function attach(
  model: Model,
  adapter: Adapter | undefined,
  trainable: boolean,
  mask?: (g: Graph, name: string, x: Tensor) => Tensor,
): void {
  for (const projection of projections(model)) {
    const { name } = projection;
    const a = adapter?.tensors.get(`${name}.lora_a`);
    const b = adapter?.tensors.get(`${name}.lora_b`);
    projection.lora =
      adapter && a && b
        ? {
            a,
            b,
            scale: scaleOf(adapter.alpha, a.ne[1]),
            trainable,
            ...(mask && { mask: (g: Graph, x: Tensor) => mask(g, name, x) }),
          }
        : undefined;
  }
}

/** An adapter whose values are still undefined: what it takes is known without them. */
export function emptyAdapter(backend: Backend, model: Model, options: LoraOptions): Adapter {
  return allocate(backend, fileAlpha(options), targeted(model, options), () => options.rank);
}

function allocate(
  backend: Backend,
  alpha: number,
  layers: Linear[],
  rankOf: (name: string) => number,
): Adapter {
  const arena = backend.allocate(
    layers.flatMap(({ name, weight }) => [
      { name: `${name}.lora_a`, ne: shape(weight.ne[0], rankOf(name)) },
      { name: `${name}.lora_b`, ne: shape(rankOf(name), weight.ne[1]) },
    ]),
  );
  return { alpha, tensors: arena.tensors, bytes: arena.bytes, free: arena.free };
}

/** @throws TrainerError `invalid-job` where a model cannot have such an adapter */
export function checkLora(options: LoraOptions, model: Model): void {
  const { rank, alpha, targets } = options;
  const complain = (message: string): never => {
    throw new TrainerError("invalid-job", message);
  };
  const unknown = targets.filter((t) => !LORA_TARGETS.includes(t as LoraTarget));
  if (unknown.length > 0 || targets.length === 0) {
    complain(
      `LoRA targets [${targets}] name no projections of this model. Known: ${LORA_TARGETS.join(", ")}.`,
    );
  }
  checkLayers(options.layers, model.blocks.length, complain);
  const layers = targeted(model, options);
  const limit = Math.min(...layers.map((p) => Math.min(p.weight.ne[0], p.weight.ne[1])));
  if (!Number.isInteger(rank) || rank < 1 || rank > limit) {
    complain(
      `LoRA rank ${rank} is not a whole number from 1 to ${limit}, the smallest dimension of the adapted matrices.`,
    );
  }
  const stored = fileAlpha(options);
  if (!Number.isFinite(stored) || stored <= 0) {
    complain(`LoRA alpha ${alpha} is not a positive number.`);
  }
}

function checkLayers(
  layers: LoraOptions["layers"],
  blocks: number,
  complain: (message: string) => never,
): void {
  if (layers === undefined) return;
  const within = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < blocks;
  const hint = `Name blocks from 0 to ${blocks - 1}.`;
  if (Array.isArray(layers)) {
    const wrong = layers.find((n) => !within(n));
    if (wrong !== undefined) complain(`LoRA layer ${wrong} is not in this model. ${hint}`);
    if (layers.length === 0) complain(`The list of LoRA layers is empty. ${hint}`);
    return;
  }
  const { from = 0, to = blocks - 1 } = layers;
  if (!within(from) || !within(to) || from > to) {
    complain(`LoRA layers from ${from} to ${to} are no range of this model's. ${hint}`);
  }
}
