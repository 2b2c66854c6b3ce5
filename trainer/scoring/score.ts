import type { MemoryRoom } from "../devices/memory.ts";
import { GraphAllocator } from "../ggml/graph.ts";
import { attach, readAdapter } from "../lora/adapter.ts";
import type { LoadedModel } from "../model/load.ts";
import { type TokenRow, targetCount } from "../model/packing.ts";
import { type Score, TrainerError } from "../types.ts";
import { batches, type ScoringBatch } from "./batch.ts";
import { computeBatch } from "./compute.ts";
import { fitPlan } from "./fit-plan.ts";
import { prefixTree } from "./prefix-tree.ts";

/** Tokens of one scoring batch: larger ones are no faster. */
const BATCH_TOKENS = 1024;

export interface ScoringOptions {
  /** Asked before each batch. */
  cancelled?: () => boolean;
  /** What a row is called in an error; "Row 1" is the first one otherwise. */
  nameOf?: (row: number) => string;
  /** Distinct tokens that are computed together. */
  batchTokens?: number;
  /** Batches become smaller until they fit into it. */
  room?: MemoryRoom;
  /** Tokens that a common prefix must spare to be computed once; Infinity shares nothing. */
  minSaved?: number;
}

/**
 * Scores rows under an adapter GGUF, or under the untouched base without one, see
 * {@link scoreRowsUnder}.
 */
export async function scoreRows(
  loaded: LoadedModel,
  rows: readonly TokenRow[],
  adapterPath?: string,
  cancelled?: () => boolean,
): Promise<Score[]> {
  const options = cancelled ? { cancelled } : {};
  const [scores] = await scoreRowsUnder(loaded, rows, [adapterPath ?? null], options);
  return scores as Score[];
}

/**
 * Scores rows teacher-forced under several adapters one after another, null being the untouched
 * base: the log-probability of the supervised tokens given all before them, and whether each was the
 * argmax. What rows have in common from their beginning is computed once.
 *
 * On the CPU a row's score is the same, bit for bit, whatever it is scored with: ggml computes each
 * column of a product and each row of a softmax alike for any number of them, and what a row does not
 * see adds zeros to its sums.
 * @throws TrainerError `invalid-job` for a row without targets or longer than the context;
 *   `diverged` where the weights give no number; `not-enough-memory`; `cancelled`
 */
export async function scoreRowsUnder(
  loaded: LoadedModel,
  rows: readonly TokenRow[],
  adapters: readonly (string | null)[],
  options: ScoringOptions = {},
): Promise<Score[][]> {
  const { contextLength, heads } = loaded.model.hyper;
  const { nameOf = (row) => `Row ${row + 1}`, batchTokens = BATCH_TOKENS, room } = options;
  rows.forEach((row, i) => {
    checkRow(row, nameOf(i), contextLength);
  });
  // The last token predicts nothing that is scored.
  const inputs = rows.map(({ tokens }) => tokens.subarray(0, -1));
  const tree = prefixTree(inputs, options.minSaved);
  const planOf = (size: number): ScoringBatch[] => [...batches(rows, tree, size, heads)];
  const plan = room ? await fitPlan(loaded, planOf, batchTokens, room) : planOf(batchTokens);
  const all: Score[][] = [];
  for (const path of adapters) {
    const scores = await scorePlan(loaded, plan, rows.length, path, options.cancelled);
    const broken = scores.findIndex(({ logprob }) => !Number.isFinite(logprob));
    if (broken >= 0) {
      throw new TrainerError(
        "diverged",
        `${nameOf(broken)} has the log-probability ${scores[broken]?.logprob} under ${path ?? loaded.path}: its weights are no numbers. Train it again with a lower learning rate.`,
      );
    }
    all.push(scores);
  }
  return all;
}

async function scorePlan(
  { backend, model }: LoadedModel,
  plan: readonly ScoringBatch[],
  rows: number,
  adapterPath: string | null,
  cancelled: () => boolean = () => false,
): Promise<Score[]> {
  const adapter = adapterPath === null ? undefined : readAdapter(backend, model, adapterPath);
  const allocator = new GraphAllocator(backend);
  attach(model, adapter, false);
  const scores = Array.from(
    { length: rows },
    (): Score => ({ logprob: 0, tokens: 0, exact: true }),
  );
  try {
    for (const batch of plan) {
      if (cancelled()) throw new TrainerError("cancelled", "Scoring was cancelled.");
      const { logprobs, best } = await computeBatch(model, batch, allocator);
      batch.targets.forEach(({ owner, label }, i) => {
        const score = scores[owner] as Score;
        score.logprob += logprobs[i] as number;
        score.tokens++;
        if (best[i] !== label) score.exact = false;
      });
    }
  } finally {
    attach(model, undefined, false);
    allocator.free();
    adapter?.free();
  }
  return scores;
}

function checkRow(row: TokenRow, name: string, limit: number): void {
  if (targetCount(row) === 0) {
    throw new TrainerError("invalid-job", `${name} has no answer to score.`);
  }
  if (row.tokens.length > limit) {
    throw new TrainerError(
      "invalid-job",
      `${name} has ${row.tokens.length} tokens, the model's context is ${limit}. Shorten it.`,
    );
  }
}
