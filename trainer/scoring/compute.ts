import { Graph, type GraphAllocator } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import type { BranchInput } from "../layers/branches.ts";
import { targetScores } from "../layers/loss.ts";
import { hiddenStates } from "../model/forward.ts";
import { logits } from "../model/head.ts";
import type { Model } from "../model/model.ts";
import { ROW_STEP, type Run, type RunGroup, type ScoringBatch, type Target } from "./batch.ts";

/** Logits that exist at a time. */
export const CHUNK_CELLS = 4 * 1024 * 1024;

/** What the model made of a batch's targets, in their order. */
export interface ScoredBatch {
  /** log p(label), `[n_targets]` */
  logprobs: Float32Array;
  /** The most probable token, `[n_targets]` */
  best: Int32Array;
}

/** One forward pass over a batch. */
export async function computeBatch(
  model: Model,
  batch: ScoringBatch,
  allocator: GraphAllocator,
): Promise<ScoredBatch> {
  const { backend } = allocator;
  const g = new Graph(backend, nodeBudget(model, batch));
  try {
    const chunks = scoringGraph(g, model, batch);
    await g.run(allocator);
    const logprobs = new Float32Array(batch.targets.length);
    const best = new Int32Array(batch.targets.length);
    let at = 0;
    for (const chunk of chunks) {
      logprobs.set(backend.download(chunk.logprob), at);
      const winners = backend.downloadInts(chunk.best);
      for (const { row } of chunk.targets) best[at++] = winners[row - chunk.start] as number;
    }
    return { logprobs, best };
  } finally {
    g.free();
  }
}

/** Predictions of consecutive rows, `[start, start + n)`. */
interface Chunk {
  start: number;
  targets: Target[];
  /** `[1, targets.length]` */
  logprob: Tensor;
  /** i32 `[n]` */
  best: Tensor;
}

/** Adds the forward pass and the head, a chunk of logits at a time. */
export function scoringGraph(g: Graph, model: Model, batch: ScoringBatch): Chunk[] {
  const all = branchInput(g, model, batch);
  const input = { positions: g.ints(batch.positions), windows: [], slidingWindows: [] };
  const hidden = hiddenStates(
    g,
    model,
    batch.tokens,
    { ...input, branches: all },
    { ...input, branches: onlyRows(g, all, batch, model.hyper.heads) },
  ); // [n_embd, n_rows]
  const [, rows] = hidden.ne;
  const { vocabulary } = model.hyper;
  const size = Math.max(1, Math.floor(CHUNK_CELLS / vocabulary / ROW_STEP)) * ROW_STEP;
  const chunks: Chunk[] = [];
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    const targets = batch.targets.filter(({ row }) => row >= start && row < start + count);
    const cells = logits(g, model, g.slice(hidden, 1, start, count)); // [n_vocab, count]
    const best = g.output(g.argmax(cells));
    const labels = Int32Array.from(targets, ({ label }) => label);
    const columns = Int32Array.from(targets, ({ row }) => row - start);
    const { logprob } = targetScores(g, cells, labels, columns);
    chunks.push({ start, targets, logprob: g.output(logprob), best });
  }
  return chunks;
}

/** An upper bound of the graph's nodes and tensors. */
export function nodeBudget(model: Model, batch: ScoringBatch): number {
  const chunks = 1 + (batch.rows.length * model.hyper.vocabulary) / CHUNK_CELLS;
  return 256 + model.blocks.length * (128 + 32 * batch.groups.length) + 64 * Math.ceil(chunks);
}

function branchInput(g: Graph, { hyper }: Model, { groups, tokens }: ScoringBatch): BranchInput {
  const { heads, kvHeads, sliding } = hyper;
  return {
    groups: groups.map((group) => {
      const { keys, queries, runs } = group;
      const mask = maskOf(g, group, Number.POSITIVE_INFINITY);
      const slides = sliding !== undefined && keys > sliding.window;
      return {
        keys,
        queries,
        runs: runs.length,
        keyRows: g.ints(headRows(runs, "path", keys, kvHeads)),
        queryRows: g.ints(headRows(runs, "own", queries, heads)),
        mask,
        slidingMask: slides ? maskOf(g, group, sliding.window) : mask,
      };
    }),
    resultRows: g.ints(resultRows(groups, tokens.length, heads)),
  };
}

/** The same attention, of which only the tokens that predict something are wanted. */
function onlyRows(
  g: Graph,
  { groups }: BranchInput,
  { rows, groups: plan, tokens }: ScoringBatch,
  heads: number,
): BranchInput {
  const all = resultRows(plan, tokens.length, heads);
  const chosen = new Int32Array(rows.length * heads);
  rows.forEach((row, i) => {
    chosen.set(all.subarray(row * heads, (row + 1) * heads), i * heads);
  });
  return { groups, resultRows: g.ints(chosen), rows: g.ints(rows) };
}

/** Each head of each token of the runs, by place among all tokens' heads; padding repeats the first. */
function headRows(runs: Run[], part: keyof Run, n: number, heads: number): Int32Array {
  const rows = new Int32Array(runs.length * heads * n);
  let at = 0;
  for (const run of runs) {
    const places = run[part];
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < n; i++) {
        rows[at++] = (places[i] ?? (places[0] as number)) * heads + head;
      }
    }
  }
  return rows;
}

/** Where each token's heads lie among the groups' results, `[heads * n_tokens]`. */
function resultRows(groups: RunGroup[], tokens: number, heads: number): Int32Array {
  const rows = new Int32Array(heads * tokens);
  let base = 0;
  for (const { queries, runs } of groups) {
    for (const { own } of runs) {
      for (let head = 0; head < heads; head++) {
        for (let i = 0; i < own.length; i++) rows[(own[i] as number) * heads + head] = base + i;
        base += queries;
      }
    }
  }
  return rows;
}

/** Each token sees itself and up to `span - 1` before it on its path, padding the first key alone. */
function maskOf(g: Graph, { keys, queries, runs }: RunGroup, span: number): Tensor {
  const mask = new Float32Array(keys * queries * runs.length).fill(Number.NEGATIVE_INFINITY);
  runs.forEach(({ path, own }, r) => {
    for (let i = 0; i < queries; i++) {
      const seen = i < own.length ? path.length - own.length + i + 1 : 1;
      const row = (r * queries + i) * keys;
      mask.fill(0, row + Math.max(0, seen - span), row + seen);
    }
  });
  return g.input(mask, F32, shape(keys, queries, 1, runs.length));
}
