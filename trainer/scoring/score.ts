import { Graph, GraphAllocator } from "../ggml/graph.ts";
import { attach, readAdapter } from "../lora/adapter.ts";
import { forward } from "../model/forward.ts";
import { scoreTargets } from "../model/head.ts";
import type { LoadedModel } from "../model/load.ts";
import { type PackedBatch, pack, type TokenRow, targetCount } from "../model/packing.ts";
import { nodeBudget } from "../training/train.ts";
import { type Score, TrainerError } from "../types.ts";

/** Tokens of one scoring batch, and targets: each target needs a row of the vocabulary's size. */
const BATCH_TOKENS = 2048;
const BATCH_TARGET_CELLS = 16 * 1024 * 1024;

/**
 * Scores rows teacher-forced, many in one packed batch: the log-probability of the supervised
 * tokens given all before them, and whether each was the argmax.
 * @param adapterPath an adapter GGUF, or none for the untouched base
 * @throws TrainerError `invalid-job` for a row without targets or longer than the context;
 *   `diverged` where the weights give no number
 */
export async function scoreRows(
  loaded: LoadedModel,
  rows: readonly TokenRow[],
  adapterPath?: string,
  cancelled: () => boolean = () => false,
): Promise<Score[]> {
  const { backend, model } = loaded;
  rows.forEach((row, i) => {
    checkRow(row, i, model.hyper.contextLength);
  });
  const adapter = adapterPath ? readAdapter(backend, model, adapterPath) : undefined;
  const allocator = new GraphAllocator(backend);
  attach(model, adapter, false);
  const scores: Score[] = [];
  try {
    for (const group of batches(rows, model.hyper.vocabulary)) {
      if (cancelled()) throw new TrainerError("cancelled", "Scoring was cancelled.");
      scores.push(...(await scoreBatch(loaded, pack(group), group.length, allocator)));
    }
    const broken = scores.findIndex((score) => !Number.isFinite(score.logprob));
    if (broken >= 0) {
      throw new TrainerError(
        "diverged",
        `Row ${broken + 1} has the log-probability ${scores[broken]?.logprob} under ${adapterPath ?? loaded.path}: its weights are no numbers. Train it again with a lower learning rate.`,
      );
    }
    return scores;
  } finally {
    attach(model, undefined, false);
    allocator.free();
    adapter?.free();
  }
}

async function scoreBatch(
  { backend, model }: LoadedModel,
  batch: PackedBatch,
  rows: number,
  allocator: GraphAllocator,
): Promise<Score[]> {
  const g = new Graph(backend, nodeBudget(model, batch));
  try {
    const { hidden } = forward(g, model, batch);
    const parts = scoreTargets(g, model, hidden, batch.labels);
    await g.run(allocator);
    const scores = Array.from(
      { length: rows },
      (): Score => ({ logprob: 0, tokens: 0, exact: true }),
    );
    for (const { start, logprob, best } of parts) {
      const winners = backend.downloadInts(best);
      backend.download(logprob).forEach((value, i) => {
        const score = scores[batch.owners[start + i] as number] as Score;
        score.logprob += value;
        score.tokens++;
        if (winners[i] !== batch.labels[start + i]) score.exact = false;
      });
    }
    return scores;
  } finally {
    g.free();
  }
}

/** Cuts rows into batches, in order, by tokens and by the size of their logits. */
function* batches(rows: readonly TokenRow[], vocabulary: number): Generator<TokenRow[]> {
  const maxTargets = Math.max(1, Math.floor(BATCH_TARGET_CELLS / vocabulary));
  let group: TokenRow[] = [];
  let tokens = 0;
  let targets = 0;
  for (const row of rows) {
    const rowTargets = targetCount(row);
    const full = tokens + row.tokens.length > BATCH_TOKENS || targets + rowTargets > maxTargets;
    if (group.length > 0 && full) {
      yield group;
      group = [];
      tokens = 0;
      targets = 0;
    }
    group.push(row);
    tokens += row.tokens.length;
    targets += rowTargets;
  }
  if (group.length > 0) yield group;
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
