import { GraphAllocator } from "../ggml/graph.ts";
import { attach, readAdapter } from "../lora/adapter.ts";
import type { LoadedModel } from "../model/load.ts";
import { type TokenRow, targetCount } from "../model/packing.ts";
import { type Score, TrainerError } from "../types.ts";
import { batches, type ScoringBatch } from "./batch.ts";
import { computeBatch } from "./compute.ts";
import { prefixTree } from "./prefix-tree.ts";

/** Tokens of one scoring batch: larger ones are no faster. */
const BATCH_TOKENS = 1024;

/** How rows are laid out; neither changes a result on the CPU. */
export interface ScoringLayout {
  /** Distinct tokens that are computed together. */
  batchTokens?: number;
  /** Tokens that a common prefix must spare before it is computed once; Infinity shares nothing. */
  minSaved?: number;
}

/**
 * Scores rows teacher-forced: the log-probability of the supervised tokens given all before them, and
 * whether each was the argmax. What rows have in common from their beginning is computed once.
 *
 * On the CPU a row's score is the same, bit for bit, whatever it is scored with: each product's
 * columns and each head's attention are computed alike for any number of them, and what a row does
 * not see adds zeros to its sums.
 * @param adapterPath an adapter GGUF, or none for the untouched base
 * @throws TrainerError `invalid-job` for a row without targets or longer than the context;
 *   `diverged` where the weights give no number
 */
export async function scoreRows(
  loaded: LoadedModel,
  rows: readonly TokenRow[],
  adapterPath?: string,
  cancelled: () => boolean = () => false,
  layout: ScoringLayout = {},
): Promise<Score[]> {
  const [scores] = await scoreRowsUnder(loaded, rows, [adapterPath ?? null], cancelled, layout);
  return scores as Score[];
}

/** {@link scoreRows} under several adapters one after another, null being the untouched base. */
export async function scoreRowsUnder(
  loaded: LoadedModel,
  rows: readonly TokenRow[],
  adapters: readonly (string | null)[],
  cancelled: () => boolean = () => false,
  layout: ScoringLayout = {},
): Promise<Score[][]> {
  const { contextLength, heads } = loaded.model.hyper;
  rows.forEach((row, i) => {
    checkRow(row, i, contextLength);
  });
  // The last token predicts nothing that is scored.
  const inputs = rows.map(({ tokens }) => tokens.subarray(0, -1));
  const tree = prefixTree(inputs, layout.minSaved);
  const plan = [...batches(rows, tree, layout.batchTokens ?? BATCH_TOKENS, heads)];
  const all: Score[][] = [];
  for (const path of adapters) {
    all.push(await scorePlan(loaded, plan, rows.length, path, cancelled));
  }
  return all;
}

async function scorePlan(
  { backend, model, path: base }: LoadedModel,
  plan: readonly ScoringBatch[],
  rows: number,
  adapterPath: string | null,
  cancelled: () => boolean,
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
  const broken = scores.findIndex((score) => !Number.isFinite(score.logprob));
  if (broken >= 0) {
    throw new TrainerError(
      "diverged",
      `Row ${broken + 1} has the log-probability ${scores[broken]?.logprob} under ${adapterPath ?? base}: its weights are no numbers. Train it again with a lower learning rate.`,
    );
  }
  return scores;
}

function checkRow(row: TokenRow, index: number, limit: number): void {
  if (targetCount(row) === 0) {
    throw new TrainerError("invalid-job", `Row ${index + 1} has no answer to score.`);
  }
  if (row.tokens.length > limit) {
    throw new TrainerError(
      "invalid-job",
      `Row ${index + 1} has ${row.tokens.length} tokens, the model's context is ${limit}.`,
    );
  }
}
