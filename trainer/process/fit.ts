import { inWords, type MemoryRoom, notEnough } from "../devices/memory.ts";
import type { Backend } from "../ggml/backend.ts";
import { GgufFile } from "../ggml/gguf.ts";
import { modelBytes } from "../model/bytes.ts";
import type { LoadedModel } from "../model/load.ts";
import type { TransposeMode } from "../model/transposes.ts";
import { boundJob, deviceBytes, estimateJob } from "../training/job-memory.ts";
import type { TokenJob } from "../training/token-job.ts";

/**
 * Transposes are kept where they and the weights leave this much of what is free to adapters,
 * activations and whoever else needs memory.
 */
const KEPT_SHARE = 0.7;
/** Graphs of more tokens are no faster; a larger step is computed in several. */
const FAST_TOKENS = 2048;
/** ggml's planner aborts on the tensors of some 250 attention windows; this many tokens have half of that. */
const MOST_TOKENS = 8192;
/** A step is not cut further by itself: graphs of fewer tokens are slow. */
const FEWEST_TOKENS = 64;

/**
 * Decides where a model's transposes come from, before it is loaded.
 * @throws TrainerError `not-enough-memory` where even the weights do not fit; `model-unreadable` |
 *   `model-unsupported`
 */
export function fitModel(
  backend: Backend,
  path: string,
  room: MemoryRoom,
): { transposes: TransposeMode } {
  const file = GgufFile.open(path);
  try {
    const cpu = backend.library.variant === "cpu";
    const kept = modelBytes(file, "cached", cpu);
    if (kept.weights + kept.transposes <= KEPT_SHARE * room.free) return { transposes: "cached" };
    const made = modelBytes(file, "per-layer", cpu);
    const needed = made.weights + made.scratch;
    if (needed <= room.free) return { transposes: "per-layer" };
    throw notEnough(`The model ${path}`, needed, room, [
      "close other programs",
      "choose a smaller model, or the same in a smaller type, such as Q4_K_M",
    ]);
  } finally {
    file.close();
  }
}

/**
 * A job as it will be computed: in one graph per step, or in several where one would be slow or does
 * not fit, unless the job says how many tokens a graph has.
 * @throws TrainerError `not-enough-memory` with the figures and what would make it fit
 */
export async function fitJob(
  loaded: LoadedModel,
  job: TokenJob,
  room: MemoryRoom,
): Promise<TokenJob> {
  const { microBatchTokens } = job.options;
  const candidates =
    microBatchTokens === undefined
      ? graphSizes(job)
      : [microBatchTokens <= MOST_TOKENS ? job : changed(job, MOST_TOKENS)];
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    // A dry run takes as long as some real steps: it is for when memory is short.
    if (boundJob(loaded, candidate) <= room.free) return candidate;
    const needed = await neededBytes(loaded, candidate);
    if (needed <= room.free) return candidate;
    least = Math.min(least, needed);
  }
  const smallest = candidates.at(-1) as TokenJob;
  throw notEnough("This job", least, room, await knobs(loaded, smallest, room.free));
}

/** The whole step in one graph, then in ever smaller ones. */
function graphSizes(job: TokenJob): TokenJob[] {
  const { batchTokens } = job.options;
  const sizes = [Math.min(batchTokens, FAST_TOKENS)];
  for (;;) {
    const next = Math.floor((sizes.at(-1) as number) / 2);
    if (next < FEWEST_TOKENS) break;
    sizes.push(next);
  }
  return sizes.map((tokens) => (tokens === batchTokens ? job : changed(job, tokens)));
}

function changed(job: TokenJob, microBatchTokens: number): TokenJob {
  return { ...job, options: { ...job.options, microBatchTokens } };
}

async function neededBytes(loaded: LoadedModel, job: TokenJob): Promise<number> {
  const memory = await estimateJob(loaded, job);
  // The CPU's memory is the process's own.
  const kept = loaded.backend.library.variant === "cpu" ? memory.kept : 0;
  return deviceBytes(memory) + kept;
}

/** What people can change, with what it would come to. */
async function knobs(loaded: LoadedModel, job: TokenJob, free: number): Promise<string[]> {
  const { microBatchTokens, recompute } = job.options;
  const all: string[] = [];
  const offer = async (words: string, other: TokenJob): Promise<void> => {
    const needed = await neededBytes(loaded, other);
    all.push(`${words} (${inWords(needed)}${needed <= free ? ", which fits" : ""})`);
  };
  if (microBatchTokens !== undefined && microBatchTokens > FEWEST_TOKENS) {
    await offer(`lower microBatchTokens to ${FEWEST_TOKENS}`, changed(job, FEWEST_TOKENS));
  }
  if (!recompute) {
    await offer("set recompute", { ...job, options: { ...job.options, recompute: true } });
  }
  if (job.lora.rank > 1) {
    const rank = Math.ceil(job.lora.rank / 4);
    await offer(`lower the rank to ${rank}`, { ...job, lora: { ...job.lora, rank } });
  }
  return [...all, "shorten the longest rows", "close other programs", "choose a smaller model"];
}
