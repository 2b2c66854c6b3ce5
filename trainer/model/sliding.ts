import type { Window } from "./packing.ts";

/**
 * A window's mask for layers that see only the last `span` tokens of their own sequence, themselves
 * included: what is hidden stays hidden, and so does what lies `span` positions back or more.
 * @param positions of the whole batch, `[n_tokens]`
 */
export function slidingMask(window: Window, positions: Int32Array, span: number): Float32Array {
  const { start, count } = window;
  const mask = window.mask.slice();
  for (let query = 0; query < count; query++) {
    const first = (positions[start + query] as number) - span;
    for (let key = 0; key < count; key++) {
      if ((positions[start + key] as number) <= first) {
        mask[query * count + key] = Number.NEGATIVE_INFINITY;
      }
    }
  }
  return mask;
}
