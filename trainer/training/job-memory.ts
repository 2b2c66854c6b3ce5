import { DryBackend } from "../ggml/dry-backend.ts";
import { emptyAdapter } from "../lora/adapter.ts";
import { lowestTrained } from "../model/forward.ts";
import { CHUNK_CELLS } from "../model/head.ts";
import type { LoadedModel } from "../model/load.ts";
import { targetCount, WINDOW_TOKENS } from "../model/packing.ts";
import { isAnchored } from "./frozen.ts";
import { AdamW } from "./optimizer.ts";
import { StepRunner } from "./step.ts";
import type { TokenJob, TrainRow } from "./token-job.ts";

/** What a job takes beside the loaded model, in bytes. */
export interface JobMemory {
  /** On the device: A and B, AdamW's two moments of each, and gradients summed over graphs. */
  adapter: number;
  moments: number;
  gradients: number;
  /** On the device: the largest graph of a step, activations, logits and scratch. */
  graph: number;
  /** In the process: what the base alone computes of the rows, kept for all epochs. */
  kept: number;
}

/**
 * How much memory a job will take, without taking it: its largest step is built as it will be, and
 * planned by ggml's own allocator on a device that allocates nothing. The fullest step that the rows
 * allow is taken for the largest; the plan's own steps may be a little smaller.
 */
export async function estimateJob(loaded: LoadedModel, job: TokenJob): Promise<JobMemory> {
  const { batchTokens, microBatchTokens = batchTokens } = job.options;
  const several = microBatchTokens < batchTokens;
  const dry = { ...loaded, backend: new DryBackend(loaded.backend) };
  const sizes: JobMemory[] = [];
  for (const rows of fullestSteps(job.rows, Math.min(microBatchTokens, batchTokens))) {
    sizes.push(await dryStep(dry, { ...job, rows: several ? [...rows, ...rows] : rows }));
  }
  const [first] = sizes as [JobMemory];
  return {
    ...first,
    gradients: several ? first.adapter : 0,
    graph: Math.max(...sizes.map(({ graph }) => graph)),
    kept: keptBytes(loaded, job, first.kept),
  };
}

/**
 * More than a job can take, from its sizes alone: about five times {@link estimateJob}, at no cost.
 * Where that fits, nothing has to be planned.
 */
export function boundJob({ model }: LoadedModel, { rows, lora, options }: TokenJob): number {
  const { width, feedForward, heads, headDim, layers, vocabulary } = model.hyper;
  const longest = rows.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const tokens = longest + Math.max(longest, options.microBatchTokens ?? options.batchTokens);
  const total = rows.reduce((sum, row) => sum + row.tokens.length, 0);
  const attended = Math.max(longest, WINDOW_TOKENS);
  const perLayer = 48 * (width + heads * headDim) + 16 * feedForward + 8 * heads * attended;
  // Logits exist a chunk at a time, or for one target where that is more.
  const logits = 8 * Math.min(tokens * vocabulary, CHUNK_CELLS + vocabulary);
  const weights = 7 * lora.rank * 2 * Math.max(width, feedForward, heads * headDim) * layers;
  const transposed = 4096 * 2 * Math.max(width, feedForward, heads * headDim);
  const kept = 2 * total * width;
  return 4 * (perLayer * layers * tokens + logits + 4 * weights + transposed + kept);
}

/** All that a job takes on the device. */
export function deviceBytes({ adapter, moments, gradients, graph }: JobMemory): number {
  return adapter + moments + gradients + graph;
}

/**
 * One step over all rows of a job, on a device that computes nothing. `kept` is the lowest trained
 * block.
 */
export async function dryStep(loaded: LoadedModel, job: TokenJob): Promise<JobMemory> {
  const adapter = emptyAdapter(loaded.backend, loaded.model, job.lora);
  const optimizer = new AdamW(loaded.backend, adapter.tensors);
  try {
    const runner = await StepRunner.start(loaded, job, adapter, optimizer, () => {});
    try {
      await runner.run(0, [...job.rows.keys()], job.options.learningRate);
      return {
        adapter: adapter.bytes,
        moments: optimizer.bytes,
        gradients: 0,
        graph: runner.graphBytes,
        kept: job.options.cacheFrozen ? lowestTrained(loaded.model) : 0,
      };
    } finally {
      runner.free();
    }
  } finally {
    optimizer.free();
    adapter.free();
  }
}

/**
 * Rows that fill a step: by the longest first, whose attention takes most, and by those with the most
 * targets, whose logits do.
 */
function fullestSteps(rows: readonly TrainRow[], limit: number): TrainRow[][] {
  const length = (row: TrainRow): number => row.tokens.length;
  const targets = new Map(rows.map((row) => [row, targetCount(row)]));
  const density = (row: TrainRow): number => (targets.get(row) as number) / length(row);
  const orders = [
    rows.toSorted((a, b) => length(b) - length(a)),
    rows.toSorted((a, b) => density(b) - density(a) || length(b) - length(a)),
  ];
  const longest = orders[0]?.[0] as TrainRow;
  const steps = orders.map((order) => {
    const chosen: TrainRow[] = [];
    let total = 0;
    for (const row of order) {
      if (total + length(row) > limit) continue;
      chosen.push(row);
      total += length(row);
    }
    return chosen;
  });
  // A row that is longer than a step stands alone.
  return [...steps, ...(length(longest) > limit ? [[longest]] : [])].filter((s) => s.length > 0);
}

function keptBytes({ model }: LoadedModel, { rows }: TokenJob, lowest: number): number {
  const values = rows.reduce((sum, row) => {
    const anchored = isAnchored(row) ? targetCount(row) : 0;
    return sum + anchored + (lowest > 0 ? row.tokens.length : 0);
  }, 0);
  return 4 * model.hyper.width * values;
}
