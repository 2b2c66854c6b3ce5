import type { Graph } from "../ggml/graph.ts";
import { F32, type Tensor } from "../ggml/tensor.ts";

/**
 * Rows of a weight that are transposed at a time. On the CPU so few that they stay in a core's cache
 * (a whole matrix takes twice the time per element); a device of its own wants larger pieces.
 */
export const ROWS_AT_A_TIME = { cpu: 512, device: 4096 } as const;

/** Consecutive rows of a weight, transposed: `[count, n_in]`, beginning at row `start`. */
export interface TransposedRows {
  start: number;
  count: number;
  t: Tensor;
}

/**
 * A weight's transpose, piece by piece: `[n_in, n_out]` of any type becomes pieces of `[rows, n_in]` in
 * F32, F16 or BF16. get_rows is the one operation that turns every quantized type into F32 on every
 * backend.
 */
export function* transposedRows(
  g: Graph,
  weight: Tensor,
  type: number,
): Generator<TransposedRows, void> {
  const [, rows] = weight.ne;
  const step = ROWS_AT_A_TIME[g.backend.limits.variant === "cpu" ? "cpu" : "device"];
  for (let start = 0; start < rows; start += step) {
    const count = Math.min(step, rows - start);
    const piece = g.rows(weight, start, count); // [n_in, count]
    const plain = weight.type === type ? piece : g.getRows(piece, g.range(count));
    yield { start, count, t: g.castTransposed(plain, type) };
  }
}

/**
 * Wᵀ·dy without a kept transpose: `[n_in, n_out] x [n_out, n_tokens] -> [n_in, n_tokens]`. Pieces are
 * made and used one after the other, so that they share their memory.
 */
export function productWithTranspose(g: Graph, weight: Tensor, type: number, dy: Tensor): Tensor {
  // The graph is ordered depth first: without this, the pieces of all layers would come before any dy.
  g.effect(dy);
  let sum: Tensor | undefined;
  for (const { start, count, t } of transposedRows(g, weight, type)) {
    const product = g.mulMat(t, g.columns(dy, start, count)); // [n_in, n_tokens]
    sum = sum ? g.add(sum, product) : product;
    g.effect(sum);
  }
  return sum as Tensor;
}

/** Fills a kept transpose, `[n_out, n_in]`. */
export function fillTranspose(g: Graph, weight: Tensor, target: Tensor): void {
  for (const { start, count, t } of transposedRows(g, weight, target.type)) {
    g.effect(g.copy(t, g.columns(target, start, count)));
  }
}

/** The most bytes that a weight's pieces take at a time. */
export function pieceBytes(columns: number, rows: number, type: number, cpu: boolean): number {
  const count = Math.min(rows, ROWS_AT_A_TIME[cpu ? "cpu" : "device"]);
  return columns * count * (4 + (type === F32 ? 4 : 2));
}

/** An upper bound of the graph nodes that the pieces of a weight and their use take. */
export function pieceNodes(rows: number): number {
  return 8 * Math.ceil(rows / ROWS_AT_A_TIME.cpu);
}
