import { Graph, GraphAllocator } from "../../ggml/graph.ts";
import { elements, type Tensor } from "../../ggml/tensor.ts";
import { type Adapter, attach, createAdapter } from "../../lora/adapter.ts";
import { LORA_TARGETS } from "../../lora/options.ts";
import { backward, forward } from "../../model/forward.ts";
import { scoreTargets } from "../../model/head.ts";
import type { LoadedModel } from "../../model/load.ts";
import { type PackedBatch, pack, type TokenRow } from "../../model/packing.ts";
import { normal, random, seedFor } from "../../random.ts";
import { nodeBudget } from "../../training/step-graph.ts";

/** Length of a step, relative to the tensors' own. */
const STEP = 0.02;

/** A model with an adapter on every projection, and what it is trained on. */
interface Setting {
  loaded: LoadedModel;
  adapter: Adapter;
  batch: PackedBatch;
  allocator: GraphAllocator;
}

/** The adapter's tensors of one kind (`attn_q.weight.lora_a`, ...), of all layers. */
type Kind = [string, [string, Tensor][]];

/** Gradients of an adapter on every projection, of the mean loss as in training, by kind of tensor. */
export async function gradientsByKind(
  loaded: LoadedModel,
  rows: TokenRow[],
): Promise<Record<string, number[]>> {
  return withAdapter(loaded, rows, async (setting) => {
    const gradients = await gradientsOf(setting, 1 / setting.batch.labels.length);
    return Object.fromEntries(
      kindsOf(setting).map(([kind, tensors]) => [
        kind,
        tensors.flatMap(([name]) => [...(gradients.get(name) as Float32Array)]),
      ]),
    );
  });
}

/**
 * Error of the same gradients, of the summed loss: central differences of it along each kind of
 * tensor's own gradient, the direction in which it is felt most, against the gradient's length.
 * Relative to that length, the largest of all kinds.
 */
export async function gradientError(loaded: LoadedModel, rows: TokenRow[]): Promise<number> {
  return withAdapter(loaded, rows, async (setting) => {
    const gradients = await gradientsOf(setting, 1);
    let worst = 0;
    for (const kind of kindsOf(setting)) {
      worst = Math.max(worst, await kindError(setting, kind, gradients));
    }
    return worst;
  });
}

async function withAdapter<T>(
  loaded: LoadedModel,
  rows: TokenRow[],
  work: (setting: Setting) => Promise<T>,
): Promise<T> {
  const { backend, model } = loaded;
  const options = { rank: 4, alpha: 8, targets: [...LORA_TARGETS] };
  const adapter = createAdapter(backend, model, options, 5);
  for (const [name, t] of adapter.tensors) {
    if (!name.endsWith("lora_b")) continue;
    backend.upload(t, normal(elements(t), 0.1, random(seedFor(5, name))));
  }
  attach(model, adapter, true);
  const allocator = new GraphAllocator(backend);
  try {
    return await work({ loaded, adapter, batch: pack(rows), allocator });
  } finally {
    attach(model, undefined, false);
    allocator.free();
    adapter.free();
  }
}

function kindsOf({ adapter }: Setting): Kind[] {
  return [...Map.groupBy(adapter.tensors, ([name]) => name.replace(/^blk\.\d+\./, ""))];
}

async function kindError(
  setting: Setting,
  [, tensors]: Kind,
  gradients: ReadonlyMap<string, Float32Array>,
): Promise<number> {
  const { backend } = setting.loaded;
  const parts = tensors.map(([name, t]) => ({
    t,
    origin: backend.download(t),
    gradient: gradients.get(name) as Float32Array,
  }));
  const length = (pick: (part: (typeof parts)[number]) => Float32Array): number =>
    Math.sqrt(parts.reduce((sum, part) => sum + square(pick(part)), 0));
  const slope = length(({ gradient }) => gradient);
  const h = (STEP * length(({ origin }) => origin)) / slope;
  /** The loss on both sides, taken from each other. */
  const across = async (distance: number): Promise<number> => {
    const sides = [];
    for (const at of [distance, -distance]) {
      for (const { t, origin, gradient } of parts) {
        backend.upload(
          t,
          origin.map((x, i) => x + at * (gradient[i] as number)),
        );
      }
      sides.push(await lossOf(setting));
    }
    return (sides[0] as number) - (sides[1] as number);
  };
  // Four points: what is left of the loss's curvature is of the fourth order of the step.
  const numeric = (8 * (await across(h)) - (await across(2 * h))) / (12 * h);
  for (const { t, origin } of parts) backend.upload(t, origin);
  return Math.abs(numeric / slope ** 2 - 1);
}

/** Gradients of Σ weight · loss over all targets. */
async function gradientsOf(
  { loaded: { backend, model }, batch, allocator }: Setting,
  weight: number,
): Promise<Map<string, Float32Array>> {
  const g = new Graph(backend, nodeBudget(model, batch));
  try {
    const weights = new Float32Array(batch.labels.length).fill(weight);
    const { gradients } = backward(g, model, batch, forward(g, model, batch), weights);
    const outputs = [...gradients.byName].map(([name, t]) => [name, g.output(t)] as const);
    await g.run(allocator);
    return new Map(outputs.map(([name, t]) => [name, backend.download(t)]));
  } finally {
    g.free();
  }
}

async function lossOf({ loaded: { backend, model }, batch, allocator }: Setting): Promise<number> {
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
