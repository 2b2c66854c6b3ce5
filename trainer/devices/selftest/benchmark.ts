import { join } from "node:path";
import type { Backend } from "../../ggml/backend.ts";
import { Graph, GraphAllocator } from "../../ggml/graph.ts";
import { BF16, F16, F32, shape, type Tensor } from "../../ggml/tensor.ts";
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

/** Tokens per second of training. */
export async function trainingSpeed(
  loaded: LoadedModel,
  rows: TokenRow[],
  folder: string,
): Promise<Partial<Benchmark>> {
  const job = jobOf(rows, join(folder, "benchmark.gguf"));
  const seconds = await fastest(async () => void (await trainAdapter(loaded, job)));
  return {
    trainTokensPerSecond: (job.options.epochs * tokensOf(rows)) / seconds,
    parameters: loaded.parameters,
  };
}

/** Tokens per second of scoring. */
export async function scoringSpeed(
  loaded: LoadedModel,
  rows: TokenRow[],
): Promise<Partial<Benchmark>> {
  const seconds = await fastest(async () => void (await scoreRows(loaded, rows)));
  return { scoreTokensPerSecond: tokensOf(rows) / seconds };
}

/** What the device's products reach, in GFLOP/s. */
export async function productSpeed(backend: Backend): Promise<Partial<Benchmark>> {
  const types = Object.entries(MATMUL_TYPES);
  const arena = backend.allocate([
    ...types.map(([name, type]) => ({ name, type, ne: shape(SIDE, SIDE) })),
    { name: "x", ne: shape(SIDE, SIDE) },
  ]);
  const allocator = new GraphAllocator(backend);
  const tensor = (name: string): Tensor => arena.tensors.get(name) as Tensor;
  const matmul: Record<string, number> = {};
  try {
    backend.upload(tensor("x"), new Float32Array(SIDE * SIDE));
    for (const [name, type] of types) {
      backend.upload(tensor(name), new Uint8Array(SIDE * SIDE * (type === F32 ? 4 : 2)));
      const seconds = await fastest(async () => {
        const g = new Graph(backend, 16);
        g.output(g.mulMat(tensor(name), tensor("x")));
        await g.run(allocator);
        g.free();
      });
      matmul[name] = (2 * SIDE ** 3) / seconds / 1e9;
    }
    return { matmul };
  } finally {
    allocator.free();
    arena.free();
  }
}

function tokensOf(rows: TokenRow[]): number {
  return rows.reduce((sum, row) => sum + row.tokens.length, 0);
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
