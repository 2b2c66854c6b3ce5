import { existsSync } from "node:fs";
import { join } from "node:path";
import { GgufWriter } from "../ggml/gguf-writer.ts";
import type { Library } from "../ggml/library.ts";
import { dequantize } from "../ggml/quantize.ts";
import { BF16, F16, F32, shape } from "../ggml/tensor.ts";
import { LORA_TARGETS, type PeftImport, type PeftImportResult, TrainerError } from "../types.ts";
import { type BaseModel, openBase } from "./base-model.ts";
import { reorderedHeads, toGgufRows } from "./head-rows.ts";
import { ggufName, moduleName, type Place, parsePeftName } from "./names.ts";
import { moduleScaling, type PeftConfig, readPeftConfig } from "./peft-config.ts";
import { type Dtype, type SafeTensor, SafetensorsFile } from "./safetensors.ts";

const GGML_TYPES: Record<Dtype, number> = { F32, F16, BF16 };

/** The two halves of one module's update. */
interface Update {
  place: Place;
  /** `[rank, n_in]`, row-major */
  a: SafeTensor;
  /** `[n_out, rank]`, row-major */
  b: SafeTensor;
  rank: number;
  /** The factor of B·A. */
  scale: number;
}

/**
 * Writes a PEFT adapter as an F32 adapter GGUF, as llama.cpp's convert_lora_to_gguf.py does. A GGUF
 * has one alpha: where modules are scaled differently, B takes up the difference.
 * @throws TrainerError `adapter-unreadable` | `adapter-mismatch` | `model-unreadable` |
 *   `model-unsupported` | `write-failed`
 */
export function importPeft(library: Library, job: PeftImport): PeftImportResult {
  const config = readPeftConfig(join(job.folder, "adapter_config.json"));
  const source = SafetensorsFile.open(weightsOf(job.folder));
  try {
    const updates = pairUp(source, config);
    const base = openBase(job.base);
    try {
      for (const update of updates) checkFits(base, update, source.path);
      return write(library, job, base, source, updates);
    } finally {
      base.file.close();
    }
  } finally {
    source.close();
  }
}

function write(
  library: Library,
  job: PeftImport,
  { hyper }: BaseModel,
  source: SafetensorsFile,
  updates: Update[],
): PeftImportResult {
  const first = updates[0] as Update;
  const alpha = Math.fround(first.scale * first.rank);
  const tensors = updates.flatMap(({ place, a, b, rank, scale }) => {
    const [nIn, nOut] = [a.shape[1] as number, b.shape[0] as number];
    const heads = reorderedHeads(hyper, place.target);
    const factor = correction(scale, alpha / rank);
    return [
      {
        name: `${ggufName(place)}.lora_a`,
        ne: shape(nIn, rank),
        values: () => read(library, source, a),
      },
      {
        name: `${ggufName(place)}.lora_b`,
        ne: shape(rank, nOut),
        values: () => scaled(toGgufRows(read(library, source, b), rank, heads), factor),
      },
    ];
  });
  const writer = GgufWriter.create(library, job.out, {
    metadata: {
      "general.type": { string: "adapter" },
      "general.architecture": { string: hyper.architecture },
      "general.name": { string: `LoRA of ${hyper.name}` },
      "adapter.type": { string: "lora" },
      "adapter.lora.alpha": { f32: alpha },
    },
    tensors: tensors.map(({ name, ne }) => ({ name, type: F32, ne })),
  });
  try {
    for (const { values } of tensors) writer.append(new Uint8Array(values().buffer));
    writer.publish();
  } finally {
    writer.discard();
  }
  const rank = Math.max(...updates.map((update) => update.rank));
  return { path: job.out, matrices: updates.length, rank, alpha };
}

function weightsOf(folder: string): string {
  const path = join(folder, "adapter_model.safetensors");
  if (existsSync(path)) return path;
  const hint = existsSync(join(folder, "adapter_model.bin"))
    ? "only adapter_model.bin, whose format can run programs: save it with safe_serialization=True"
    : "no adapter_model.safetensors: name a folder that PEFT saved an adapter in";
  throw new TrainerError("adapter-unreadable", `${folder} has ${hint}.`);
}

/** The updates in the order of blocks and projections. */
function pairUp(source: SafetensorsFile, config: PeftConfig): Update[] {
  const halves = new Map<string, { place: Place; A?: SafeTensor; B?: SafeTensor }>();
  for (const tensor of source.tensors.values()) {
    const parsed = parsePeftName(tensor.name);
    if (!parsed) {
      throw new TrainerError(
        "adapter-unreadable",
        `${source.path} holds ${tensor.name}, which a GGUF adapter cannot: only LoRA of attention's q, k, v, o and of the feed-forward's gate, up, down. Train it on those alone.`,
      );
    }
    const key = ggufName(parsed.place);
    const half = halves.get(key) ?? { place: parsed.place };
    if (half[parsed.part]) throw broken(source, `has ${parsed.part} of ${key} twice`);
    half[parsed.part] = tensor;
    halves.set(key, half);
  }
  if (halves.size === 0) throw broken(source, "holds no tensors");
  const updates = [...halves].map(([key, { place, A, B }]) => {
    if (!A || !B) throw broken(source, `has only one half of the update of ${key}`);
    return joined(source, config, place, A, B);
  });
  const order = ({ place }: Update): number =>
    place.layer * LORA_TARGETS.length + LORA_TARGETS.indexOf(place.target);
  return updates.sort((x, y) => order(x) - order(y));
}

function joined(
  source: SafetensorsFile,
  config: PeftConfig,
  place: Place,
  a: SafeTensor,
  b: SafeTensor,
): Update {
  const { rank, scale } = moduleScaling(config, moduleName(place));
  const fits = a.shape.length === 2 && b.shape.length === 2;
  if (!fits || a.shape[0] !== rank || b.shape[1] !== rank) {
    throw broken(
      source,
      `has matrices of [${a.shape}] and [${b.shape}] for ${moduleName(place)}, whose rank is ${rank} by adapter_config.json`,
    );
  }
  return { place, a, b, rank, scale };
}

function checkFits(base: BaseModel, { place, a, b }: Update, path: string): void {
  const name = ggufName(place);
  const weight = base.file.tensors.get(name);
  if (weight?.ne[0] === a.shape[1] && weight?.ne[1] === b.shape[0]) return;
  const found = weight ? `is [${weight.ne[1]}, ${weight.ne[0]}]` : "is not";
  throw new TrainerError(
    "adapter-mismatch",
    `${path} adapts ${moduleName(place)} as a matrix of [${b.shape[0]}, ${a.shape[1]}], which ${found} in ${base.file.path}. Choose the base that it was trained on.`,
  );
}

function read(library: Library, source: SafetensorsFile, tensor: SafeTensor): Float32Array {
  const values = dequantize(library, GGML_TYPES[tensor.dtype], source.read(tensor));
  if (values.every(Number.isFinite)) return values;
  throw broken(source, `has values in ${tensor.name} that are no numbers`);
}

/** What B is multiplied by so that alpha / rank gives the scale; 1 but for rounding is 1. */
function correction(scale: number, given: number): number {
  const factor = scale / given;
  return Math.abs(factor - 1) < 1e-6 ? 1 : factor;
}

function scaled(values: Float32Array, factor: number): Float32Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}

function broken(source: SafetensorsFile, what: string): TrainerError {
  return new TrainerError("adapter-unreadable", `${source.path} ${what}. Save the adapter again.`);
}
