import type { Rng } from "../world/rng.ts";
import { type Box, draw, EMPTY, type Grid } from "./canvas.ts";
import type { Sizes } from "./family.ts";

const COLOURS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** So many different colours, none of them empty, in any order. */
export function colours(rng: Rng, count: number): number[] {
  return rng.shuffle(COLOURS).slice(0, count);
}

export function twoColours(rng: Rng): number[] {
  return colours(rng, 2);
}

export function colour(rng: Rng): number {
  return rng.pick(COLOURS);
}

/** Any colour but these. */
export function otherColour(rng: Rng, ...taken: number[]): number {
  return rng.pick(COLOURS.filter((c) => !taken.includes(c)));
}

/** Every cell is one of the palette, and each of the palette is there. */
export function mosaic(rng: Rng, sizes: Sizes, palette: readonly number[]): Grid {
  const { height, width } = sizes();
  const places = rng.shuffle(Array.from({ length: height * width }, (_, i) => i));
  const forced = new Map(palette.map((value, i) => [places[i], value]));
  return draw(height, width, (r, c) => forced.get(r * width + c) ?? rng.pick(palette));
}

/** Mostly empty: a share of the cells is one of the palette, at least one of each. */
export function scatter(rng: Rng, sizes: Sizes, palette: readonly number[], share: number): Grid {
  const { height, width } = sizes();
  const places = rng.shuffle(Array.from({ length: height * width }, (_, i) => i));
  const count = Math.max(palette.length, Math.round(share * height * width));
  const filled = new Map(
    places.slice(0, count).map((place, i) => [place, palette[i] ?? rng.pick(palette)]),
  );
  return draw(height, width, (r, c) => filled.get(r * width + c) ?? EMPTY);
}

/** A box of at least `min` by `min` cells somewhere in a grid of that size. */
export function boxIn(
  rng: Rng,
  { height, width }: { height: number; width: number },
  min: number,
  maxSide = 8,
): Box {
  const rows = rng.int(min, Math.min(height, maxSide));
  const columns = rng.int(min, Math.min(width, maxSide));
  const top = rng.int(0, height - rows);
  const left = rng.int(0, width - columns);
  return { top, left, bottom: top + rows, right: left + columns };
}

export function inside({ top, left, bottom, right }: Box, row: number, column: number): boolean {
  return row >= top && row < bottom && column >= left && column < right;
}

/** Inside, at the edge. */
export function onEdge(box: Box, row: number, column: number): boolean {
  const { top, left, bottom, right } = box;
  const inner = { top: top + 1, left: left + 1, bottom: bottom - 1, right: right - 1 };
  return inside(box, row, column) && !inside(inner, row, column);
}

/** At one of the four corners. */
export function onCorner({ top, left, bottom, right }: Box, row: number, column: number): boolean {
  return (row === top || row === bottom - 1) && (column === left || column === right - 1);
}
