import { join } from "node:path";
import type { GgufFile } from "../ggml/gguf.ts";
import type { Library } from "../ggml/library.ts";
import { quantize } from "../ggml/quantize.ts";
import { BF16, F16, F32 } from "../ggml/tensor.ts";
import { OutputFile, writeFolder } from "../output.ts";
import { LORA_TARGETS, type PeftExport, type PeftExportResult, TrainerError } from "../types.ts";
import { type AdaptedMatrix, AdapterFile } from "./adapter-file.ts";
import { type BaseModel, checkFits, openBase } from "./base-model.ts";
import { fromGgufRows, reorderedHeads } from "./head-rows.ts";
import { moduleKind, moduleName, type Place, parseGgufName, peftName } from "./names.ts";
import { peftConfigJson } from "./peft-config.ts";
import { type Dtype, writeSafetensors } from "./safetensors.ts";

const GGML_TYPES: Record<Dtype, number> = { F32, F16, BF16 };

/** A matrix of the adapter in its place. */
interface Placed {
  matrix: AdaptedMatrix;
  place: Place;
}

/**
 * Writes adapter_model.safetensors and adapter_config.json, as PEFT's save_pretrained does.
 * @throws TrainerError `adapter-unreadable` | `adapter-mismatch` | `model-unreadable` |
 *   `model-unsupported` | `write-failed`
 */
export async function exportPeft(library: Library, job: PeftExport): Promise<PeftExportResult> {
  const adapter = AdapterFile.open(library, job.adapter);
  try {
    const base = openBase(job.base);
    try {
      checkFits(base, adapter);
      return await write(library, job, adapter, base);
    } finally {
      base.file.close();
    }
  } finally {
    adapter.close();
  }
}

async function write(
  library: Library,
  job: PeftExport,
  adapter: AdapterFile,
  base: BaseModel,
): Promise<PeftExportResult> {
  const placed = adapter.matrices.map((matrix) => ({ matrix, place: placeOf(matrix, adapter) }));
  const { rank, alpha, rankPattern, alphaPattern } = commonScaling(placed);
  const baseName = job.baseName ?? originOf(base.file);
  const dtype = job.dtype ?? "F32";
  await writeFolder(job.out, async (folder) => {
    await writeSafetensors(
      join(folder, "adapter_model.safetensors"),
      placed.flatMap(({ matrix, place }) => {
        const { a, b } = matrix;
        const heads = reorderedHeads(base.hyper, place.target);
        const [nIn, r] = a.ne;
        const nOut = b.ne[1];
        const bytes = (values: Float32Array, columns: number) =>
          quantize(library, GGML_TYPES[dtype], values, columns, { name: matrix.name });
        return [
          {
            name: peftName(place, "A"),
            dtype,
            shape: [r, nIn],
            data: () => bytes(adapter.values(a), nIn),
          },
          {
            name: peftName(place, "B"),
            dtype,
            shape: [nOut, r],
            data: () => bytes(fromGgufRows(adapter.values(b), r, heads), r),
          },
        ];
      }),
    );
    const config = OutputFile.create(join(folder, "adapter_config.json"));
    const targetModules = targetsOf(placed, base.hyper.layers);
    const json = { baseName, rank, alpha, targetModules, rankPattern, alphaPattern };
    config.write(new TextEncoder().encode(peftConfigJson(json)));
    config.publish();
  });
  return { path: job.out, matrices: placed.length, rank, alpha, baseName };
}

function placeOf({ name }: AdaptedMatrix, adapter: AdapterFile): Place {
  const place = parseGgufName(name);
  if (place) return place;
  throw new TrainerError(
    "adapter-unreadable",
    `${adapter.path} adapts ${name}, which has no name that PEFT would know. Only projections of blocks can be exported: ${LORA_TARGETS.join(", ")}.`,
  );
}

/** The rank and alpha that most matrices have, and which ones have others. */
function commonScaling(placed: Placed[]) {
  const alphaOf = ({ matrix }: Placed): number => matrix.scale * matrix.rank;
  const groups = Map.groupBy(placed, (each) => `${each.matrix.rank} ${alphaOf(each)}`);
  const [largest] = [...groups.values()].sort((a, b) => b.length - a.length);
  const common = largest?.[0] as Placed;
  const rank = common.matrix.rank;
  const alpha = alphaOf(common);
  const others = (value: (each: Placed) => number, usual: number) =>
    Object.fromEntries(
      placed
        .filter((each) => value(each) !== usual)
        .map((each) => [moduleName(each.place), value(each)]),
    );
  return {
    rank,
    alpha,
    rankPattern: others(({ matrix }) => matrix.rank, rank),
    alphaPattern: others(alphaOf, alpha),
  };
}

/** Kinds of modules where each is adapted in every layer, else every module by its full name. */
function targetsOf(placed: Placed[], layers: number): string[] {
  const byTarget = Map.groupBy(placed, ({ place }) => place.target);
  const everywhere = [...byTarget.values()].every((list) => list.length === layers);
  if (everywhere) return [...byTarget.keys()].map(moduleKind);
  return placed.map(({ place }) => moduleName(place));
}

/** The Hugging Face repository that a model came from, or else its name. */
function originOf(file: GgufFile): string {
  const url = file.string("general.source.repo_url") ?? file.string("general.repo_url") ?? "";
  const repository = /^https:\/\/huggingface\.co\/([\w.-]+\/[\w.-]+)/.exec(url)?.[1];
  return repository ?? file.string("general.name") ?? "unknown";
}
