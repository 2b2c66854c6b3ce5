import { Graph, GraphAllocator } from "../../ggml/graph.ts";
import { elements, type Tensor } from "../../ggml/tensor.ts";
import { attach, createAdapter } from "../../lora/adapter.ts";
import { LORA_TARGETS } from "../../lora/options.ts";
import { backward, forward } from "../../model/forward.ts";
import { scoreTargets } from "../../model/head.ts";
import type { LoadedModel } from "../../model/load.ts";
import { type PackedBatch, pack, type TokenRow } from "../../model/packing.ts";
import { normal, random, seedFor } from "../../random.ts";
import { nodeBudget } from "../../training/step-graph.ts";

/** Length of a step, relative to the tensors' own. */
const STEP = 0.02;

/**
 * Error of the gradients of an adapter on every projection: central differences of the loss along
 * each kind of tensor's own gradient, the direction in which it is felt most, against the gradient's
 * length. Relative to that length, the largest of all kinds (`attn_q.lora_a`, ...).
 */
export async function gradientError(loaded: LoadedModel, rows: TokenRow[]): Promise<number> {
  const { backend, model } = loaded;
  const options = { rank: 4, alpha: 8, targets: [...LORA_TARGETS] };
  const adapter = createAdapter(backend, model, options, 5);
  for (const [name, t] of adapter.tensors) {
    if (!name.endsWith("lora_b")) continue;
    backend.upload(t, normal(elements(t), 0.1, random(seedFor(5, name))));
  }
  attach(model, adapter, true);
  const batch = pack(rows);
  const allocator = new GraphAllocator(backend);
  try {
    const gradients = await gradientsOf(loaded, batch, allocator);
    const kinds = Map.groupBy(adapter.tensors, ([name]) => name.replace(/^blk\.\d+\./, ""));
    let worst = 0;
    for (const tensors of kinds.values()) {
      const error = await kindError(loaded, batch, allocator, tensors, gradients);
      worst = Math.max(worst, error);
    }
    return worst;
  } finally {
    attach(model, undefined, false);
    allocator.free();
    adapter.free();
  }
}

async function kindError(
  loaded: LoadedModel,
  batch: PackedBatch,
  allocator: GraphAllocator,
  tensors: [string, Tensor][],
  gradients: ReadonlyMap<string, Float32Array>,
): Promise<number> {
  const { backend } = loaded;
  const parts = tensors.map(([name, t]) => ({
    t,
    origin: backend.download(t),
    gradient: gradients.get(name) as Float32Array,
  }));
  const length = (pick: (part: (typeof parts)[number]) => Float32Array): number =>
    Math.sqrt(parts.reduce((sum, part) => sum + square(pick(part)), 0));
  const slope = length(({ gradient }) => gradient);
  const h = (STEP * length(({ origin }) => origin)) / slope;
  const lossAt = async (distance: number): Promise<number> => {
    for (const { t, origin, gradient } of parts) {
      backend.upload(
        t,
        origin.map((x, i) => x + distance * (gradient[i] as number)),
      );
    }
    return lossOf(loaded, batch, allocator);
  };
  const numeric = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
  for (const { t, origin } of parts) backend.upload(t, origin);
  return Math.abs(numeric / slope ** 2 - 1);
}

/** Gradients of the sum of all targets' losses. */
async function gradientsOf(
  { backend, model }: LoadedModel,
  batch: PackedBatch,
  allocator: GraphAllocator,
): Promise<Map<string, Float32Array>> {
  const g = new Graph(backend, nodeBudget(model, batch));
  try {
    const weights = new Float32Array(batch.labels.length).fill(1);
    const { gradients } = backward(g, model, batch, forward(g, model, batch), weights);
    const outputs = [...gradients.byName].map(([name, t]) => [name, g.output(t)] as const);
    await g.run(allocator);
    return new Map(outputs.map(([name, t]) => [name, backend.download(t)]));
  } finally {
    g.free();
  }
}

async function lossOf(
  { backend, model }: LoadedModel,
  batch: PackedBatch,
  allocator: GraphAllocator,
): Promise<number> {
  const g = new Graph(backend, nodeBudget(model, batch));
  try {
    const scored = scoreTargets(g, model, forward(g, model, batch).hidden, batch.labels);
    await g.run(allocator);
    let sum = 0;
    for (const { logprob } of scored) for (const x of backend.download(logprob)) sum -= x;
    return sum;
  } finally {
    g.free();
  }
}

function square(values: Float32Array): number {
  let sum = 0;
  for (const x of values) sum += x * x;
  return sum;
}
