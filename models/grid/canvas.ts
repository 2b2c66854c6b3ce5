import type { Grid } from "../../agent/skills/prompts.ts";
import { mirrored, transposed } from "../../agent/skills/transforms.ts";

export { mirrored, transposed, upsideDown } from "../../agent/skills/transforms.ts";
export type { Grid };

/** The colour of what is empty. */
export const EMPTY = 0;

/** What becomes of a grid, which itself stays as it is. */
export type Act = (grid: Grid) => Grid;

/** From a colour for each place. */
export function draw(
  height: number,
  width: number,
  colour: (row: number, column: number) => number,
): Grid {
  return Array.from({ length: height }, (_, r) =>
    Array.from({ length: width }, (_, c) => colour(r, c)),
  );
}

export function heightOf(grid: Grid): number {
  return grid.length;
}

export function widthOf(grid: Grid): number {
  return grid[0]?.length ?? 0;
}

/** The colour at a place, empty outside. */
export function at(grid: Grid, row: number, column: number): number {
  return grid[row]?.[column] ?? EMPTY;
}

/** Each cell anew, from its colour and place. */
export function mapCells(
  grid: Grid,
  colour: (old: number, row: number, column: number) => number,
): Grid {
  return grid.map((cells, r) => cells.map((old, c) => colour(old, r, c)));
}

/** Acts on the grid turned by so many quarters, and turns the result back. */
export function whileTurned(quarters: number, act: Act): Act {
  return (grid) => turnedBy(act(turnedBy(grid, quarters)), 4 - quarters);
}

/** A quarter turn clockwise, so often. */
export function turnedBy(grid: Grid, quarters: number): Grid {
  let result = grid;
  for (let i = 0; i < quarters % 4; i++) result = mirrored(transposed(result));
  return result;
}

export function beside(left: Grid, right: Grid): Grid {
  return left.map((row, r) => [...row, ...(right[r] ?? [])]);
}

export function above(top: Grid, bottom: Grid): Grid {
  return [...top, ...bottom].map((row) => [...row]);
}

/** Rows and columns from, inclusive, to, exclusive. */
export interface Box {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export function cut(grid: Grid, { top, left, bottom, right }: Box): Grid {
  return grid.slice(top, bottom).map((row) => row.slice(left, right));
}

/** The smallest box around the cells that are meant, if there are any. */
export function boxAround(grid: Grid, meant: (colour: number) => boolean): Box | undefined {
  let box: Box | undefined;
  grid.forEach((cells, r) => {
    cells.forEach((colour, c) => {
      if (!meant(colour)) return;
      box ??= { top: r, left: c, bottom: r + 1, right: c + 1 };
      box.left = Math.min(box.left, c);
      box.right = Math.max(box.right, c + 1);
      box.bottom = r + 1;
    });
  });
  return box;
}

/** How often each colour occurs. */
export function countColours(grid: Grid): Map<number, number> {
  const counts = new Map<number, number>();
  for (const colour of grid.flat()) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  return counts;
}
