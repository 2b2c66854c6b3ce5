import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Backend } from "../../../trainer/ggml/backend.ts";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { attach, readAdapter } from "../../../trainer/lora/adapter.ts";
import { forward } from "../../../trainer/model/forward.ts";
import { logits as logitsOfHidden } from "../../../trainer/model/head.ts";
import type { LoadedModel } from "../../../trainer/model/load.ts";
import { pack, type TokenRow } from "../../../trainer/model/packing.ts";
import { nodeBudget } from "../../../trainer/training/step-graph.ts";
import type { TokenJob } from "../../../trainer/training/token-job.ts";
import { LORA_TARGETS, TrainerError } from "../../../trainer/types.ts";
import { byteRow } from "../../support/rows.ts";

export { relativeDifference } from "../../../trainer/devices/selftest/difference.ts";

/** A folder for one test file. */
export function scratch(name: string): { file: (name: string) => string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), `selkie-${name}-`));
  return { file: (name) => join(dir, name), remove: () => rmSync(dir, { recursive: true }) };
}

let backend: Backend | undefined;

/** The CPU with one thread: threads that wait for each other are slow on a busy machine. */
export function cpu(): Backend {
  backend ??= Backend.open("cpu", 1);
  return backend;
}

export const PASSAGE =
  "The ferry Halcyon left the harbour of Oss at noon. Mira Tolland, its captain, had sailed since 1911.";

/** A small job on a passage; parts of it can be replaced. */
export function jobOn(out: string, change: Partial<TokenJob> = {}): TokenJob {
  return {
    rows: [byteRow(PASSAGE)],
    lora: { rank: 4, alpha: 8, targets: [...LORA_TARGETS] },
    options: { epochs: 4, learningRate: 0.01, batchTokens: 256, weightDecay: 0, seed: 7 },
    out,
    ...change,
  };
}

/** For each row the logits at each of its targets, packed together. */
export async function logitsOf(
  { backend, model }: LoadedModel,
  rows: TokenRow[],
  adapterPath?: string,
): Promise<Float32Array[][]> {
  const adapter = adapterPath ? readAdapter(backend, model, adapterPath) : undefined;
  const batch = pack(rows);
  const allocator = new GraphAllocator(backend);
  const g = new Graph(backend, nodeBudget(model, batch));
  attach(model, adapter, false);
  try {
    const logits = g.output(logitsOfHidden(g, model, forward(g, model, batch).hidden));
    await g.run(allocator);
    const values = backend.download(logits);
    const perRow: Float32Array[][] = rows.map(() => []);
    const n = model.hyper.vocabulary;
    batch.owners.forEach((owner, i) => {
      perRow[owner]?.push(values.slice(i * n, (i + 1) * n));
    });
    return perRow;
  } finally {
    attach(model, undefined, false);
    g.free();
    allocator.free();
    adapter?.free();
  }
}

export function argmax(values: Float32Array): number {
  return values.reduce((best, x, i) => (x > (values[best] as number) ? i : best), 0);
}

/** The TrainerError that some work fails with. */
export async function failure(work: () => unknown): Promise<TrainerError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof TrainerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** One sentence or two for people: begins with a capital or a path, ends with a full stop. */
export const SENTENCE = /^[A-Z0-9/].*\.$/;
