import { Graph, type GraphAllocator } from "../ggml/graph.ts";
import type { Gradients } from "../layers/gradients.ts";
import { backward, forward } from "../model/forward.ts";
import type { Model } from "../model/model.ts";
import type { PackedBatch } from "../model/packing.ts";
import { transposeNodes } from "../model/transposes.ts";

/** Adds one update of the parameters to a graph. */
export interface GraphOptimizer {
  update(g: Graph, gradients: Gradients, learningRate: number): void;
}

/** One optimizer step over one packed batch; the mean loss per target before it, in nats. */
export async function trainStep(
  model: Model,
  batch: PackedBatch,
  optimizer: GraphOptimizer,
  allocator: GraphAllocator,
  learningRate: number,
): Promise<number> {
  const g = new Graph(allocator.backend, nodeBudget(model, batch));
  try {
    const pass = forward(g, model, batch);
    const weights = new Float32Array(batch.labels.length).fill(1 / batch.labels.length);
    const { gradients, logprob } = backward(g, model, batch, pass, weights);
    g.output(logprob);
    optimizer.update(g, gradients, learningRate);
    await g.run(allocator);
    return -mean(allocator.backend.download(logprob));
  } finally {
    g.free();
  }
}

/** An upper bound of a step's graph nodes and tensors, the optimizer's included. */
export function nodeBudget(model: Model, batch: PackedBatch): number {
  const blocks = model.blocks.length * (1024 + batch.windows.length * 64);
  return 1024 + blocks + transposeNodes(model, batch.labels.length);
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
