import type { Arena, Backend } from "../ggml/backend.ts";
import type { GgufTensor } from "../ggml/gguf-header.ts";
import { Graph, GraphAllocator } from "../ggml/graph.ts";
import { BF16, F16, F32, shape, type Tensor } from "../ggml/tensor.ts";
import { fillTranspose, pieceNodes } from "../layers/transposed.ts";
import { CHUNK_CELLS } from "./head.ts";
import { EMBEDDING, type Model, OUTPUT, projections } from "./model.ts";

/**
 * Where the backward pass, which needs Wᵀ·dy, has the transposes of frozen weights from: `cached` keeps
 * a copy of every projection, `per-layer` makes each when it is needed and forgets it.
 */
export type TransposeMode = "cached" | "per-layer";

/**
 * F32 weights have F32 transposes; all others have them in BF16, which has the range that gradients
 * need: in F16 those of a mean loss underflow, in 8 bits so do their blocks' scales.
 */
export function transposeType(weightType: number, computeType: number): number {
  return weightType === F32 ? F32 : computeType;
}

/** The tensors of a model that are projections: all matrices but an embedding that is no output. */
export function projectionSpecs(tensors: readonly GgufTensor[]): GgufTensor[] {
  const untied = tensors.some((t) => t.name === OUTPUT);
  return tensors.filter((t) => t.ne[1] > 1 && !(t.name === EMBEDDING && untied));
}

/** BF16, or F16 on a device that cannot multiply by BF16. */
export function computeTypeOf(backend: Backend): number {
  const g = new Graph(backend, 8);
  try {
    const x = g.input(new Float32Array(64 * 64), F32, shape(64, 64));
    const cast = g.castTransposed(x, BF16);
    return g.supports(cast) && g.supports(g.mulMat(cast, x)) ? BF16 : F16;
  } finally {
    g.free();
  }
}

/** Copies every projection, transposed. */
export async function cacheTransposes(
  backend: Backend,
  tensors: readonly GgufTensor[],
  weights: ReadonlyMap<string, Tensor>,
  computeType: number,
): Promise<Arena> {
  const chosen = projectionSpecs(tensors);
  const arena = backend.allocate(
    chosen.map(({ name, type, ne }) => ({
      name,
      type: transposeType(type, computeType),
      ne: shape(ne[1], ne[0]),
    })),
  );
  const allocator = new GraphAllocator(backend);
  try {
    for (const { name, ne } of chosen) {
      const g = new Graph(backend, 16 + pieceNodes(ne[1]));
      fillTranspose(g, weights.get(name) as Tensor, arena.tensors.get(name) as Tensor);
      await g.run(allocator);
      g.free();
    }
  } catch (error) {
    arena.free();
    throw error;
  } finally {
    allocator.free();
  }
  return arena;
}

/** An upper bound of the graph nodes of a step that make transposes. */
export function transposeNodes(model: Model, targets: number): number {
  // The head's output projection is transposed anew for each chunk of targets.
  const chunks = Math.ceil((2 * targets * model.hyper.vocabulary) / CHUNK_CELLS);
  return projections(model)
    .filter((p) => !p.trainable && !p.transpose)
    .reduce(
      (nodes, p) => nodes + pieceNodes(p.weight.ne[1]) * (p === model.output ? chunks : 1),
      0,
    );
}
