import { join } from "node:path";
import type { Backend } from "../../ggml/backend.ts";
import { Graph, GraphAllocator } from "../../ggml/graph.ts";
import { BF16, F16, F32, shape } from "../../ggml/tensor.ts";
import type { LoadedModel } from "../../model/load.ts";
import type { TokenRow } from "../../model/packing.ts";
import { scoreRows } from "../../scoring/score.ts";
import { trainAdapter } from "../../training/train.ts";
import { jobOf } from "./rows.ts";
import type { Benchmark } from "./task.ts";

const SIDE = 1024;
/** What is timed is done at least so often, and for so long; the fastest counts. */
const TIMES = 3;
const SECONDS = 0.3;
const MATMUL_TYPES = { f32: F32, f16: F16, bf16: BF16 };

/** Tokens per second of training and scoring, and what the device's products reach at most. */
export async function benchmark(
  loaded: LoadedModel,
  rows: TokenRow[],
  folder: string,
): Promise<Benchmark> {
  const job = jobOf(rows, join(folder, "benchmark.gguf"));
  const tokens = rows.reduce((sum, row) => sum + row.tokens.length, 0);
  const { epochs } = job.options;
  const train = await fastest(async () => void (await trainAdapter(loaded, job)));
  const score = await fastest(async () => void (await scoreRows(loaded, rows)));
  const matmul: Record<string, number> = {};
  for (const [name, type] of Object.entries(MATMUL_TYPES)) {
    matmul[name] = await matmulRate(loaded.backend, type);
  }
  return {
    trainTokensPerSecond: (epochs * tokens) / train,
    scoreTokensPerSecond: tokens / score,
    parameters: loaded.parameters,
    matmul,
  };
}

/** GFLOP/s */
async function matmulRate(backend: Backend, type: number): Promise<number> {
  const arena = backend.allocate([
    { name: "a", type, ne: shape(SIDE, SIDE) },
    { name: "b", ne: shape(SIDE, SIDE) },
  ]);
  const allocator = new GraphAllocator(backend);
  try {
    const [a, b] = [...arena.tensors.values()] as [never, never];
    backend.upload(a, new Uint8Array(SIDE * SIDE * (type === F32 ? 4 : 2)));
    backend.upload(b, new Float32Array(SIDE * SIDE));
    const seconds = await fastest(async () => {
      const g = new Graph(backend, 16);
      g.output(g.mulMat(a, b));
      await g.run(allocator);
      g.free();
    });
    return (2 * SIDE ** 3) / seconds / 1e9;
  } finally {
    allocator.free();
    arena.free();
  }
}

async function fastest(work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  const began = performance.now();
  for (let i = 0; i < TIMES || performance.now() - began < SECONDS * 1000; i++) {
    const start = performance.now();
    await work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}
