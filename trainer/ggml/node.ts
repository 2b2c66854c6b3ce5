import koffi from "koffi";
import type { Library } from "./library.ts";
import type { Shape } from "./tensor.ts";

/** How a tensor lies in memory: type, elements per dimension, and bytes from one to the next. */
export interface Layout {
  type: number;
  ne: Shape;
  nb: Shape;
}

/** One operation of a graph, as a device is asked about it. */
export interface GraphNode extends Layout {
  /** ggml's name of the operation, e.g. `MUL_MAT` or `SILU`. */
  op: string;
  /** In the operation's order; undefined where an optional one is left out. */
  sources: (Layout | undefined)[];
}

/** Offsets of `struct ggml_tensor`, whose size library.ts has checked. */
const SIZE = 336;
const NE = 16;
const NB = 48;
const SOURCES = 152;
const MOST_SOURCES = 10;

/** Reads a node from ggml's memory. */
export function readNode({ c }: Library, ptr: bigint): GraphNode {
  const struct = structAt(ptr);
  const sources = Array.from({ length: MOST_SOURCES }, (_, i) => {
    const source = struct.getBigUint64(SOURCES + 8 * i, true);
    return source === 0n ? undefined : layout(structAt(source));
  });
  while (sources.length > 0 && sources.at(-1) === undefined) sources.pop();
  return { op: c.ggml_op_desc(ptr), ...layout(struct), sources };
}

/** The nodes of a graph, in the order in which they are computed. */
export function nodesOf({ c }: Library, graph: bigint): bigint[] {
  return Array.from({ length: c.ggml_graph_n_nodes(graph) }, (_, i) => c.ggml_graph_node(graph, i));
}

function structAt(ptr: bigint): DataView {
  return new DataView(koffi.view(ptr, SIZE));
}

function layout(struct: DataView): Layout {
  const four = (offset: number): Shape => {
    const at = (i: number): number => Number(struct.getBigInt64(offset + 8 * i, true));
    return [at(0), at(1), at(2), at(3)];
  };
  return { type: struct.getInt32(0, true), ne: four(NE), nb: four(NB) };
}
