import { Graph, type GraphAllocator } from "../ggml/graph.ts";
import { F32, shape } from "../ggml/tensor.ts";
import type { AdaptedMatrix, AdapterFile } from "./adapter-file.ts";

/** One adapter's share in one matrix. */
export interface Addend {
  adapter: AdapterFile;
  matrix: AdaptedMatrix;
  /** The factor of B·A. */
  scale: number;
}

/** What adapters add to one matrix: the sum of their scale · B·A, as one product. */
export class Update {
  /** The sum of the ranks. */
  private readonly rank: number;
  /** All A one above the other, transposed: `[rank, n_in]` */
  private readonly a: Float32Array;
  /** All scale · B side by side: `[rank, n_out]` */
  private readonly b: Float32Array;

  constructor(addends: Addend[]) {
    this.rank = addends.reduce((sum, { matrix }) => sum + matrix.rank, 0);
    const { a, b } = (addends[0] as Addend).matrix;
    this.a = new Float32Array(this.rank * a.ne[0]);
    this.b = new Float32Array(this.rank * b.ne[1]);
    let from = 0;
    for (const { adapter, matrix, scale } of addends) {
      this.place(adapter, matrix, scale, from);
      from += matrix.rank;
    }
  }

  private place(adapter: AdapterFile, { a, b, rank }: AdaptedMatrix, scale: number, from: number) {
    const columns = a.ne[0];
    adapter.values(a).forEach((value, i) => {
      this.a[(i % columns) * this.rank + from + Math.floor(i / columns)] = value;
    });
    adapter.values(b).forEach((value, i) => {
      this.b[Math.floor(i / rank) * this.rank + from + (i % rank)] = value * scale;
    });
  }

  /**
   * Rows `row` to `row + rows - 1` of the matrix with the update.
   * @param values those rows without it, `[n_in, rows]`
   */
  async add(
    allocator: GraphAllocator,
    values: Float32Array,
    row: number,
    rows: number,
  ): Promise<Float32Array> {
    const g = new Graph(allocator.backend, 16);
    try {
      const columns = values.length / rows;
      const part = this.b.subarray(row * this.rank, (row + rows) * this.rank);
      const a = g.input(this.a, F32, shape(this.rank, columns));
      const b = g.input(part, F32, shape(this.rank, rows));
      const w = g.input(values, F32, shape(columns, rows));
      const sum = g.output(g.add(w, g.mulMat(a, b))); // [n_in, rows]
      await g.run(allocator);
      return allocator.backend.download(sum);
    } finally {
      g.free();
    }
  }
}
