import { type MemoryRoom, notEnough } from "../devices/memory.ts";
import { DryBackend } from "../ggml/dry-backend.ts";
import { GraphAllocator } from "../ggml/graph.ts";
import type { LoadedModel } from "../model/load.ts";
import type { Model } from "../model/model.ts";
import type { RunGroup, ScoringBatch } from "./batch.ts";
import { CHUNK_CELLS, computeBatch } from "./compute.ts";

/** Batches are not cut further: graphs of fewer tokens are slow. */
const FEWEST_TOKENS = 64;

/**
 * A plan whose largest batch fits.
 * @param planOf cuts batches of at most so many tokens
 * @throws TrainerError `not-enough-memory`
 */
export async function fitPlan(
  loaded: LoadedModel,
  planOf: (batchTokens: number) => ScoringBatch[],
  batchTokens: number,
  room: MemoryRoom,
): Promise<ScoringBatch[]> {
  let needed = 0;
  for (let size = batchTokens; size >= Math.min(FEWEST_TOKENS, batchTokens); size /= 2) {
    const plan = planOf(Math.floor(size));
    const bound = Math.max(0, ...plan.map((batch) => boundBatch(loaded.model, batch)));
    if (bound <= room.free) return plan;
    needed = await largestGraph(loaded, plan);
    if (needed <= room.free) return plan;
  }
  throw notEnough("Scoring", needed, room, [
    "shorten the longest context",
    "close other programs",
    "choose a smaller model",
  ]);
}

/** Bytes that the graphs of the batch with the most tokens and of that with most attention take. */
export async function largestGraph(
  { backend, model }: LoadedModel,
  plan: readonly ScoringBatch[],
): Promise<number> {
  const most = (size: (batch: ScoringBatch) => number): ScoringBatch | undefined =>
    plan.toSorted((a, b) => size(b) - size(a))[0];
  const allocator = new GraphAllocator(new DryBackend(backend));
  try {
    for (const batch of [most(({ tokens }) => tokens.length), most(attentionCells)]) {
      if (batch) await computeBatch(model, batch, allocator);
    }
    return allocator.bytes;
  } finally {
    allocator.free();
  }
}

/** More than a batch takes, from its sizes alone. */
export function boundBatch({ hyper }: Model, batch: ScoringBatch): number {
  const { width, feedForward, heads, headDim, vocabulary } = hyper;
  const perToken = 8 * width + 8 * heads * headDim + 5 * feedForward;
  const gathered = batch.groups.reduce(
    (sum, { keys, queries, runs }) => sum + (2 * keys + 3 * queries) * runs.length,
    0,
  );
  const logits = 3 * Math.min(batch.rows.length * vocabulary, CHUNK_CELLS + 4 * vocabulary);
  const masks = 2 * attentionCells(batch);
  const attention = 3 * heads * Math.max(0, ...batch.groups.map(cells));
  const values =
    perToken * batch.tokens.length + 2 * heads * headDim * gathered + logits + masks + attention;
  return 4 * values + 2 ** 20;
}

function attentionCells({ groups }: ScoringBatch): number {
  return groups.reduce((sum, group) => sum + cells(group), 0);
}

function cells({ keys, queries, runs }: RunGroup): number {
  return keys * queries * runs.length;
}
