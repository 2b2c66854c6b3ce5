import koffi from "koffi";
import type { Backend } from "../../trainer/ggml/backend.ts";
import { Graph, type GraphAllocator } from "../../trainer/ggml/graph.ts";
import { requireLibraries } from "../../trainer/ggml/locate.ts";
import { type Layout, nodesOf, readNode } from "../../trainer/ggml/node.ts";
import type { Shape, Tensor } from "../../trainer/ggml/tensor.ts";

/** A matrix product of a training step: `[k, m, aBatch] x [k, n, batch] -> [m, n, batch]`. */
export interface Product {
  /** An outer product has its operands as `[m, k]` and `[n, k]`. */
  outer: boolean;
  /** ggml's number of the first operand's type. */
  type: number;
  k: number;
  m: number;
  n: number;
  aBatch: number;
  batch: number;
}

export function flopsOf({ k, m, n, batch }: Product): number {
  return 2 * k * m * n * batch;
}

/** One operation of a graph that was computed, and the seconds it took. */
export interface NodeTime {
  op: string;
  ne: Shape;
  seconds: number;
  product?: Product;
}

/** Nothing is computed for these: they rename memory. */
const FREE_OPS = new Set(["NONE", "VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE"]);

interface GraphInternals {
  graph: bigint;
  inputs: { tensor: Tensor; data: Float32Array | Int32Array | BigInt64Array }[];
}

/** Matrix products of the graphs that `work` runs, in order. */
export async function recordProducts(work: () => Promise<unknown>): Promise<Product[]> {
  const products: Product[] = [];
  const undo = interceptRuns(async (graph, { backend }, run) => {
    for (const node of handles(backend, graph)) {
      const product = productOf(backend, node);
      if (product) products.push(product);
    }
    await run();
  });
  try {
    await work();
    return products;
  } finally {
    undo();
  }
}

/**
 * Computes every graph that `work` runs one node at a time and times each. Nodes take a little longer so than
 * in a whole graph: what ggml fuses is apart, and threads start anew.
 */
export async function timeNodes(
  backend: Backend,
  work: () => Promise<unknown>,
): Promise<NodeTime[]> {
  const times: NodeTime[] = [];
  const single = singleNodeGraph(backend);
  const undo = interceptRuns(async (graph, allocator) => {
    const { graph: handle, inputs } = graph as unknown as GraphInternals;
    allocator.plan(handle);
    for (const { tensor, data } of inputs) backend.upload(tensor, data);
    for (const node of handles(backend, graph)) {
      const { op, ne } = readNode(backend.library, node);
      if (FREE_OPS.has(op)) continue;
      const seconds = single.time(node);
      const product = productOf(backend, node);
      times.push({ op, ne, seconds, ...(product && { product }) });
    }
  });
  try {
    await work();
    return times;
  } finally {
    undo();
    single.free();
  }
}

/** Puts `around` in the place of {@link Graph.run} until the returned function is called. */
function interceptRuns(
  around: (graph: Graph, allocator: GraphAllocator, run: () => Promise<void>) => Promise<void>,
): () => void {
  const { run } = Graph.prototype;
  Graph.prototype.run = function (this: Graph, allocator: GraphAllocator): Promise<void> {
    return around(this, allocator, () => run.call(this, allocator));
  };
  return () => {
    Graph.prototype.run = run;
  };
}

function handles({ library }: Backend, graph: Graph): bigint[] {
  return nodesOf(library, (graph as unknown as GraphInternals).graph);
}

function productOf({ library }: Backend, node: bigint): Product | undefined {
  const { op, sources } = readNode(library, node);
  if (op !== "MUL_MAT" && op !== "OUT_PROD") return undefined;
  const [{ type, ne: a }, { ne: b }] = sources as [Layout, Layout];
  const batch = b[2] * b[3];
  return op === "MUL_MAT"
    ? { outer: false, type, k: a[0], m: a[1], n: b[1], aBatch: a[2], batch }
    : { outer: true, type, k: a[1], m: a[0], n: b[0], aBatch: a[2], batch };
}

function singleNodeGraph(backend: Backend) {
  const { c, variant } = backend.library;
  const base = koffi.load(requireLibraries(variant).base);
  const clear = base.func("void ggml_graph_clear(void * graph)");
  const addNode = base.func("void ggml_graph_add_node(void * graph, void * tensor)");
  const ctx = c.ggml_init({
    mem_size: Number(c.ggml_graph_overhead_custom(8, false)) + Number(c.ggml_tensor_overhead()),
    mem_buffer: null,
    no_alloc: true,
  });
  const graph = c.ggml_new_graph_custom(ctx, 8, false);
  return {
    time(node: bigint): number {
      clear(graph);
      addNode(graph, node);
      const started = performance.now();
      c.ggml_backend_graph_compute(backend.handle, graph);
      return (performance.now() - started) / 1000;
    },
    free: () => c.ggml_free(ctx),
  };
}
