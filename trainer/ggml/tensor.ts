/** ggml's numbers for the tensor types that the trainer handles by name. */
export const F32 = 0;
export const F16 = 1;
export const I32 = 26;
export const I64 = 27;
export const BF16 = 30;

/** Sizes by ggml's order: ne[0] is the contiguous dimension (columns), ne[1] rows, and so on. */
export type Shape = readonly [number, number, number, number];

/** A handle to a ggml tensor; the shape is mirrored so that graphs are built without reading C. */
export interface Tensor {
  readonly ptr: bigint;
  readonly ne: Shape;
  readonly type: number;
}

/** Pads a shape with ones: `shape(4, 3)` is `[4, 3, 1, 1]`. */
export function shape(n0: number, n1 = 1, n2 = 1, n3 = 1): Shape {
  return [n0, n1, n2, n3];
}

export function elements(t: Tensor): number {
  return t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3];
}

export function describe(t: Tensor): string {
  return `[${t.ne.join(", ")}]`;
}
