import { existsSync, realpathSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Backend } from "../ggml/backend.ts";
import { FILE_TYPES } from "../ggml/file-type.ts";
import type { GgufTensor } from "../ggml/gguf.ts";
import { GgufWriter } from "../ggml/gguf-writer.ts";
import { GraphAllocator } from "../ggml/graph.ts";
import { dequantize, quantize } from "../ggml/quantize.ts";
import { bytesOf, tensorType } from "../ggml/tensor-types.ts";
import { type MergeJob, type MergeProgress, type MergeResult, TrainerError } from "../types.ts";
import { AdapterFile } from "./adapter-file.ts";
import { type BaseModel, checkFits, openBase } from "./base-model.ts";
import { elements, type MergePlan, type PlannedTensor, planMerge } from "./merge-plan.ts";
import { Update } from "./update.ts";

export interface MergeHooks {
  onProgress?: (progress: MergeProgress) => void;
  /** Asked before each piece of a tensor. */
  cancelled?: () => boolean;
}

/** Values that are in memory at once, a few times over: 1 MB as F32. */
const PIECE = 256 * 1024;

/**
 * Writes W' = W + Σ scale · B·A for every adapted matrix and copies or converts the others, piece by
 * piece: memory does not grow with the model. The file gets its name when it is complete.
 * @param threads of the conversions; the result does not depend on them
 * @throws TrainerError `invalid-job` | `model-unreadable` | `model-unsupported` |
 *   `adapter-unreadable` | `adapter-mismatch` | `cancelled` | `write-failed` | `output-busy`
 */
export async function mergeAdapters(
  backend: Backend,
  job: MergeJob,
  threads: number,
  hooks: MergeHooks = {},
): Promise<MergeResult> {
  checkJob(job);
  const open: { close(): void }[] = [];
  try {
    const base = openBase(job.base);
    open.push(base.file);
    const adapters = job.adapters.map(({ path, scale = 1 }) => {
      const adapter = AdapterFile.open(backend.library, path);
      open.push(adapter);
      checkFits(base, adapter);
      return { adapter, scale };
    });
    const plan = planMerge(base, adapters, job.type ?? "same", job.name ?? mergedName(base, job));
    checkRoom(job.out, plan.bytes);
    await write(backend, base, job.out, plan, threads, hooks);
    return resultOf(job.out, plan);
  } finally {
    for (const file of open) file.close();
  }
}

async function write(
  backend: Backend,
  base: BaseModel,
  out: string,
  { tensors, metadata, bytes: totalBytes }: MergePlan,
  threads: number,
  hooks: MergeHooks,
): Promise<void> {
  const header = {
    metadata,
    tensors: tensors.map(({ source: { name, ne }, type }) => ({ name, ne, type })),
  };
  const writer = GgufWriter.create(backend.library, out, header, base.file);
  const allocator = new GraphAllocator(backend);
  const room = roomFor(tensors);
  let bytes = 0;
  try {
    for (const tensor of tensors) {
      const { name } = tensor.source;
      for await (const data of pieces(base, tensor, room, allocator, threads)) {
        if (hooks.cancelled?.()) throw new TrainerError("cancelled", "Merging was cancelled.");
        writer.append(data);
        bytes += data.length;
        hooks.onProgress?.({ bytes, totalBytes, tensor: name });
      }
    }
    writer.publish();
  } finally {
    allocator.free();
    writer.discard();
  }
}

/** Room for one piece, used over and over: what is thrown away is not always collected soon. */
interface Room {
  data: Uint8Array;
  weights: Float32Array;
  result: Uint8Array;
}

function roomFor(tensors: PlannedTensor[]): Room {
  const most = (of: (tensor: PlannedTensor) => number): number => Math.max(0, ...tensors.map(of));
  const values = ({ source }: PlannedTensor): number => pieceRows(source) * source.ne[0];
  return {
    data: new Uint8Array(most((t) => bytesOf(t.source.type, values(t)))),
    weights: new Float32Array(most(values)),
    result: new Uint8Array(most((t) => bytesOf(t.type, values(t)))),
  };
}

/** Rows of a piece: at least one. */
function pieceRows({ ne }: GgufTensor): number {
  return Math.max(1, Math.floor(PIECE / ne[0]));
}

/** The bytes of one tensor of the result. */
async function* pieces(
  base: BaseModel,
  { source, type, addends }: PlannedTensor,
  room: Room,
  allocator: GraphAllocator,
  threads: number,
): AsyncGenerator<Uint8Array> {
  const { library } = allocator.backend;
  const columns = source.ne[0];
  const rows = elements(source) / columns;
  const step = pieceRows(source);
  const update = addends.length > 0 ? new Update(addends) : undefined;
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const data = room.data.subarray(0, bytesOf(source.type, count * columns));
    base.file.readInto(data, source, bytesOf(source.type, row * columns));
    if (!update && type === source.type) {
      yield data;
      continue;
    }
    const weights = dequantize(library, source.type, data, room.weights);
    const values = update ? await update.add(allocator, weights, row, count) : weights;
    const options = { name: source.name, threads, into: room.result };
    yield await quantize(library, type, values, columns, options);
  }
}

function checkJob({ base, adapters, out, type = "same" }: MergeJob): void {
  const complain = (message: string): never => {
    throw new TrainerError("invalid-job", message);
  };
  if (adapters.length === 0) complain("There is no adapter to merge: name at least one.");
  if (type !== "same" && !Object.hasOwn(FILE_TYPES, type)) {
    complain(`The type "${type}" is unknown: choose same, ${Object.keys(FILE_TYPES).join(", ")}.`);
  }
  for (const { path, scale = 1 } of adapters) {
    if (!Number.isFinite(scale)) complain(`${path} is to be scaled by ${scale}: give a number.`);
  }
  for (const { path } of [{ path: base }, ...adapters]) {
    if (existsSync(out) && existsSync(path) && realpathSync(out) === realpathSync(path)) {
      complain(`${out} would replace what is merged into it: choose another name.`);
    }
  }
}

/** Better refused now than after an hour. Where the system does not tell, writing will. */
function checkRoom(out: string, bytes: number): void {
  let free: number;
  try {
    const disk = statfsSync(dirname(resolve(out)));
    free = Number(disk.bavail) * Number(disk.bsize);
  } catch {
    return;
  }
  if (bytes <= free) return;
  const gigabytes = (n: number): string => (n / 1e9).toFixed(2);
  throw new TrainerError(
    "write-failed",
    `${out} needs ${gigabytes(bytes)} GB, ${gigabytes(free)} GB are free. Free some space, choose another disk, or a type with fewer bits.`,
  );
}

function mergedName({ hyper }: BaseModel, { adapters }: MergeJob): string {
  const what = adapters.length === 1 ? "adapter" : `${adapters.length} adapters`;
  return `${hyper.name}, ${what} merged`;
}

function resultOf(path: string, { tensors, bytes, fallbacks }: MergePlan): MergeResult {
  const types: Record<string, number> = {};
  for (const { type } of tensors) {
    const { name } = tensorType(type);
    types[name] = (types[name] ?? 0) + 1;
  }
  const adapted = tensors.filter(({ addends }) => addends.length > 0).length;
  return { path, bytes, tensors: tensors.length, adapted, types, fallbacks };
}
