import type { GraphNode, Layout } from "../node.ts";
import { TENSOR_TYPES, tensorType } from "../tensor-types.ts";

/** Something that an operation asks of its tensors, and how it is said. */
export interface Requirement {
  says: string;
  holds(node: GraphNode): boolean;
}

/** A source by its number, or the operation's result. */
export type Part = number | "result";

/** That a tensor, where there is one, has one of these types. */
export function typed(part: Part, ...types: number[]): Requirement {
  const names = types.map((type) => tensorType(type).name).join(", ");
  return on(part, `is of type ${names}`, ({ type }) => types.includes(type));
}

/** That a tensor has none of these types. */
export function notTyped(part: Part, ...types: number[]): Requirement {
  const names = types.map((type) => tensorType(type).name).join(", ");
  return on(part, `is not of type ${names}`, ({ type }) => !types.includes(type));
}

/** `ggml_is_contiguous` */
export function contiguous(part: Part): Requirement {
  return on(part, "is contiguous", (t) => isContiguous(t, 0));
}

/** `ggml_is_contiguous_2`: strides of the dimensions 0 to 2 are free. */
export function contiguousAbove2(part: Part): Requirement {
  return on(part, "is contiguous from dimension 3 on", (t) => isContiguous(t, 2));
}

/** `ggml_is_contiguous_rows` */
export function contiguousRows(part: Part): Requirement {
  return on(
    part,
    "has contiguous rows",
    ({ type, ne, nb }) => ne[0] === tensorType(type).elements || nb[0] === tensorType(type).bytes,
  );
}

/** That neighbours in a row are neighbours in memory. */
export function dense(part: Part): Requirement {
  return on(
    part,
    "has no gaps between elements",
    ({ type, nb }) => nb[0] === tensorType(type).bytes,
  );
}

/** That a row has a multiple of so many elements. */
export function rowsOf(part: Part, multiple: number): Requirement {
  return on(part, `has rows of a multiple of ${multiple}`, ({ ne }) => ne[0] % multiple === 0);
}

export function sameType(a: Part, b: Part): Requirement {
  return {
    says: `${name(a)} and ${name(b)} have the same type`,
    holds: (node) => get(node, a)?.type === get(node, b)?.type,
  };
}

export function sameShape(a: Part, b: Part): Requirement {
  return {
    says: `${name(a)} and ${name(b)} have the same shape`,
    holds: (node) => {
      const [x, y] = [get(node, a), get(node, b)];
      return x !== undefined && y !== undefined && x.ne.every((n, i) => n === y.ne[i]);
    },
  };
}

/** That one of several sets of requirements holds. */
export function either(...sets: readonly (readonly Requirement[])[]): Requirement {
  return {
    says: sets.map((set) => set.map(({ says }) => says).join(" and ")).join("; or "),
    holds: (node) => sets.some((set) => set.every((requirement) => requirement.holds(node))),
  };
}

/** Types of weights without some: what most kernels are there for. */
export function weightTypesBut(...names: string[]): number[] {
  return [...TENSOR_TYPES.values()]
    .filter(({ weights, name }) => weights && !names.includes(name))
    .map(({ id }) => id);
}

function on(part: Part, words: string, test: (t: Layout) => boolean): Requirement {
  return {
    says: `${name(part)} ${words}`,
    holds: (node) => {
      const tensor = get(node, part);
      return tensor === undefined || test(tensor);
    },
  };
}

function get(node: GraphNode, part: Part): Layout | undefined {
  return part === "result" ? node : node.sources[part];
}

function name(part: Part): string {
  return part === "result" ? "the result" : `source ${part}`;
}

/** ggml's `ggml_is_contiguous_n`: strides of dimensions up to `free` do not matter, if not 0. */
function isContiguous({ type, ne, nb }: Layout, free: number): boolean {
  const { elements, bytes } = tensorType(type);
  if (ne[0] !== elements && nb[0] !== bytes) return false;
  let next = (bytes * ne[0]) / elements;
  for (let i = 1; i < 4; i++) {
    const [n, stride] = [ne[i] as number, nb[i] as number];
    if (n === 1) continue;
    if (i > free) {
      if (stride !== next) return false;
      next *= n;
    } else {
      next = stride * n;
    }
  }
  return true;
}

/** Operations that rename memory and compute nothing: they ask for nothing. */
export const RENAMING = { NONE: [], RESHAPE: [], VIEW: [], PERMUTE: [], TRANSPOSE: [] } as const;
