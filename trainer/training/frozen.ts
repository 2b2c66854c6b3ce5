import { Graph, type GraphAllocator } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import { attach } from "../lora/adapter.ts";
import type { Anchor } from "../model/divergence.ts";
import { blockInput, type ForwardOptions, forward } from "../model/forward.ts";
import type { Model } from "../model/model.ts";
import { type PackedBatch, pack } from "../model/packing.ts";
import { cutBySize } from "./plan.ts";
import { nodeBudget } from "./step-graph.ts";
import type { TrainRow } from "./token-job.ts";

/** Columns that the untouched base computes of a row, `[n_embd, n]`, by the row's index in its job. */
type RowStates = Map<number, Float32Array>;

/** A job's rows and how to compute them. */
interface Source {
  model: Model;
  allocator: GraphAllocator;
  rows: readonly TrainRow[];
  /** Tokens of one graph. */
  limit: number;
  /** Asked before each graph; throws to end the work. */
  checkStop: () => void;
}

/** What the base alone computes of a job's rows: the same in every step, so it is computed once. */
export class FrozenStates {
  private constructor(
    private readonly source: Source,
    /** Of rows that are anchored to the base, at their targets, as they enter the head. */
    private readonly base: RowStates,
    /** Of all rows, at every token, as they enter the lowest adapted block. */
    private readonly below: { block: number; states: RowStates } | undefined,
  ) {}

  /**
   * Computes them; the model has no adapter afterwards.
   * @param lowest the block whose inputs are kept, 0 for none
   */
  static async compute(source: Source, lowest: number): Promise<FrozenStates> {
    const { model, rows } = source;
    attach(model, undefined, false);
    const all = [...rows.keys()];
    const anchored = all.filter((row) => isAnchored(rows[row]));
    const base = await eachRow(source, anchored, {
      build: (g, batch) => forward(g, model, batch).hidden,
      columns: ({ owners }, row) => [...owners.keys()].filter((i) => owners[i] === row),
    });
    if (lowest === 0) return new FrozenStates(source, base, undefined);
    const states = await eachRow(source, all, {
      build: (g, batch) => blockInput(g, model, batch, lowest),
      columns: ({ starts }, row, { tokens }) => [...tokens.keys()].map((i) => i + starts[row]!),
    });
    return new FrozenStates(source, base, { block: lowest, states });
  }

  /** Packs rows so that the targets of anchored ones are the last. */
  pack(rows: readonly number[]): PackedBatch {
    const batch = pack(rows.map((row) => this.row(row)));
    const last = (i: number): boolean => isAnchored(this.row(rows[batch.owners[i] as number]));
    const targets = [...batch.labels.keys()];
    const order = [...targets.filter((i) => !last(i)), ...targets.filter(last)];
    const reordered = (values: Int32Array): Int32Array =>
      Int32Array.from(order, (i) => values[i] as number);
    return {
      ...batch,
      targetRows: reordered(batch.targetRows),
      labels: reordered(batch.labels),
      owners: reordered(batch.owners),
    };
  }

  /** Where the forward pass over a batch begins, if not with the embedding. */
  start(rows: readonly number[], batch: PackedBatch): Pick<ForwardOptions, "from"> {
    const { below } = this;
    if (!below) return {};
    const { width } = this.source.model.hyper;
    const x = new Float32Array(width * batch.tokens.length);
    rows.forEach((row, i) => {
      x.set(below.states.get(row) as Float32Array, width * (batch.starts[i] as number));
    });
    return { from: { block: below.block, x } };
  }

  /** What the anchored targets of a batch are held to, where it has any. */
  anchor(
    g: Graph,
    rows: readonly number[],
    batch: PackedBatch,
    stepTargets: number,
  ): Anchor | undefined {
    const owners = Array.from(batch.owners, (owner) => rows[owner] as number);
    const anchored = owners.filter((row) => isAnchored(this.row(row)));
    if (anchored.length === 0) return undefined;
    const { width } = this.source.model.hyper;
    const base = new Float32Array(width * anchored.length);
    let at = 0;
    // The targets of a row follow one another.
    for (const row of new Set(anchored)) {
      const states = this.base.get(row) as Float32Array;
      base.set(states, at);
      at += states.length;
    }
    return {
      base: g.input(base, F32, shape(width, anchored.length)),
      weights: Float32Array.from(anchored, (row) => (this.row(row).kl ?? 0) / stepTargets),
    };
  }

  private row(index: number | undefined): TrainRow {
    return this.source.rows[index as number] as TrainRow;
  }
}

export function isAnchored(row: TrainRow | undefined): boolean {
  return (row?.kl ?? 0) > 0;
}

async function eachRow(
  { model, allocator, rows, limit, checkStop }: Source,
  chosen: number[],
  work: {
    build: (g: Graph, batch: PackedBatch) => Tensor;
    /** Columns of the result that belong to a row of the batch, in the row's order. */
    columns: (batch: PackedBatch, row: number, tokens: TrainRow) => number[];
  },
): Promise<RowStates> {
  const { backend } = allocator;
  const { width } = model.hyper;
  const states: RowStates = new Map();
  const length = (row: number): number => (rows[row] as TrainRow).tokens.length;
  for (const group of cutBySize(chosen, length, limit)) {
    checkStop();
    const members = group.map((row) => rows[row] as TrainRow);
    const batch = pack(members);
    const g = new Graph(backend, nodeBudget(model, batch));
    try {
      const result = g.output(work.build(g, batch));
      await g.run(allocator);
      const values = backend.download(result);
      group.forEach((row, i) => {
        const columns = work.columns(batch, i, members[i] as TrainRow);
        const state = new Float32Array(columns.length * width);
        columns.forEach((column, at) => {
          state.set(values.subarray(column * width, (column + 1) * width), at * width);
        });
        states.set(row, state);
      });
    } finally {
      g.free();
    }
  }
  return states;
}
