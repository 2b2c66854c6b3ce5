import type { Backend } from "../../trainer/ggml/backend.ts";
import { rowBytes } from "../../trainer/ggml/gguf-writer.ts";
import { Graph, GraphAllocator } from "../../trainer/ggml/graph.ts";
import { quantize } from "../../trainer/ggml/quantize.ts";
import { F32, type Shape, type Tensor } from "../../trainer/ggml/tensor.ts";
import { flopsOf, type Product } from "./nodes.ts";

/** Each size is timed for about so long, and repeated within one graph for about so many operations. */
const SECONDS = 0.15;
const FLOPS_PER_GRAPH = 4e9;
const MAX_REPEATS = 64;

export function productKey(p: Product): string {
  return [p.outer, p.type, p.k, p.m, p.n, p.aBatch, p.batch].join(" ");
}

/**
 * FLOP/s that ggml reaches for a matrix product whose operands lie contiguous in memory. For an outer
 * product it is the better of ggml's two operations.
 */
export async function ggmlRate(backend: Backend, product: Product): Promise<number> {
  const { type, k, m, n, aBatch, batch } = product;
  const multiplied = await measure(
    backend,
    product,
    [k, m, aBatch, 1],
    [k, n, batch, 1],
    (g, a, b) => g.mulMat(a, b),
  );
  if (!product.outer || type !== F32) return multiplied;
  const outer = await measure(backend, product, [m, k, aBatch, 1], [n, k, batch, 1], (g, a, b) =>
    g.outerSum(a, b),
  );
  return Math.max(multiplied, outer);
}

/** The best of several runs of a graph that holds nothing else. */
async function measure(
  backend: Backend,
  product: Product,
  aShape: Shape,
  bShape: Shape,
  multiply: (g: Graph, a: Tensor, b: Tensor) => Tensor,
): Promise<number> {
  const arena = backend.allocate([
    { name: "a", type: product.type, ne: aShape },
    { name: "b", type: F32, ne: bShape },
  ]);
  const allocator = new GraphAllocator(backend);
  const a = arena.tensors.get("a") as Tensor;
  const b = arena.tensors.get("b") as Tensor;
  await fill(backend, a);
  await fill(backend, b);
  const flops = flopsOf(product);
  const repeats = Math.max(1, Math.min(MAX_REPEATS, Math.round(FLOPS_PER_GRAPH / flops)));
  const g = new Graph(backend, repeats + 16);
  for (let i = 0; i < repeats; i++) g.effect(multiply(g, a, b));
  const { graph } = g as unknown as { graph: bigint };
  let best = 0;
  try {
    allocator.plan(graph);
    const started = performance.now();
    do {
      const before = performance.now();
      backend.library.c.ggml_backend_graph_compute(backend.handle, graph);
      best = Math.max(best, (flops * repeats * 1000) / (performance.now() - before));
    } while (performance.now() - started < SECONDS * 1000);
    return best;
  } finally {
    g.free();
    allocator.free();
    arena.free();
  }
}

/** Values that matter neither for speed nor size, but are numbers: denormals and NaN would be slow. */
async function fill(backend: Backend, t: Tensor): Promise<void> {
  const [columns, rows, depth] = t.ne;
  const row = new Float32Array(columns).map((_, i) => Math.sin(i));
  const bytes = await quantize(backend.library, t.type, row, columns, { name: "a row" });
  const size = rowBytes(backend.library, t.type, columns);
  const all = new Uint8Array(size * rows * depth);
  for (let at = 0; at < all.length; at += size) all.set(bytes, at);
  backend.upload(t, all);
}
