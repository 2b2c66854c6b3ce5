import type { Grid } from "./prompts.ts";

/** A change of grids with an exact way back. */
export interface Transform {
  name: string;
  apply(grid: Grid): Grid;
  /** @returns nothing where no grid becomes this one */
  invert(grid: Grid): Grid | undefined;
}

/** ARC's largest grid is 30 by 30, in colours 0 to 9; 0 is the background. */
export const MAX_SIDE = 30;
export const COLOURS = 10;

/** Rows become columns. */
export function transposed(grid: Grid): Grid {
  return (grid[0] ?? []).map((_, column) => grid.map((row) => row[column]!));
}

export function upsideDown(grid: Grid): Grid {
  return grid.toReversed();
}

export function mirrored(grid: Grid): Grid {
  return grid.map((row) => row.toReversed());
}

export const IDENTITY: Transform = {
  name: "as it is",
  apply: (grid) => grid,
  invert: (grid) => grid,
};

/** The other seven symmetries of a square. */
export const BASIC: readonly Transform[] = [
  symmetry(
    "quarter turn",
    (it) => mirrored(transposed(it)),
    (it) => upsideDown(transposed(it)),
  ),
  symmetry("half turn", (it) => mirrored(upsideDown(it))),
  symmetry(
    "three quarters",
    (it) => upsideDown(transposed(it)),
    (it) => mirrored(transposed(it)),
  ),
  symmetry("upside down", upsideDown),
  symmetry("mirrored", mirrored),
  symmetry("transposed", transposed),
  symmetry("transposed the other way", (it) => mirrored(upsideDown(transposed(it)))),
];

/** Every cell becomes a block. */
export const SIZE: readonly Transform[] = [scaled(2, 2), scaled(2, 1), scaled(1, 2)];

/** The grid stands there several times. */
export const REPEAT: readonly Transform[] = [tiled(2, 1), tiled(1, 2), tiled(2, 2)];

/** A symmetry and then a doubling, which differs from one to the next. */
export const CHAIN: readonly Transform[] = BASIC.map((first, i) => {
  const doublings = [scaled(2, 1), scaled(1, 2), tiled(2, 1), tiled(1, 2)];
  return chained(first, doublings[i % doublings.length]!);
});

/** One change after the other. */
export function chained(first: Transform, second: Transform): Transform {
  return {
    name: `${first.name}, ${second.name}`,
    apply: (grid) => second.apply(first.apply(grid)),
    invert: (grid) => {
      const between = second.invert(grid);
      return between && first.invert(between);
    },
  };
}

/** Other colours: `colours[c]` in place of c. */
export function recoloured(colours: readonly number[]): Transform {
  const map = (grid: Grid, to: readonly number[]) => grid.map((row) => row.map((c) => to[c]!));
  return {
    name: `colours ${colours.join("")}`,
    apply: (grid) => map(grid, colours),
    invert: (grid) =>
      map(
        grid,
        colours.map((_, colour) => colours.indexOf(colour)),
      ),
  };
}

/** Whether two grids are the same. */
export function sameGrid(a: Grid, b: Grid): boolean {
  return (
    a.length === b.length &&
    a.every((row, y) => row.length === b[y]!.length && row.every((c, x) => c === b[y]![x]))
  );
}

function symmetry(
  name: string,
  apply: (grid: Grid) => Grid,
  invert: (grid: Grid) => Grid = apply,
): Transform {
  return { name, apply, invert };
}

function scaled(tall: number, wide: number): Transform {
  const apply = (grid: Grid) =>
    grid.flatMap((row) => {
      const wider = row.flatMap((colour) => Array<number>(wide).fill(colour));
      return Array.from({ length: tall }, () => [...wider]);
    });
  const one = (grid: Grid) =>
    grid.filter((_, y) => y % tall === 0).map((row) => row.filter((_, x) => x % wide === 0));
  return { name: `scaled ${tall} × ${wide}`, apply, invert: checked(apply, one) };
}

function tiled(tall: number, wide: number): Transform {
  const apply = (grid: Grid) =>
    Array.from({ length: tall }, () =>
      grid.map((row) => Array.from({ length: wide }, () => row).flat()),
    ).flat();
  const one = (grid: Grid) =>
    grid.slice(0, grid.length / tall).map((row) => row.slice(0, row.length / wide));
  return { name: `repeated ${tall} × ${wide}`, apply, invert: checked(apply, one) };
}

/** A way back that is only taken where it leads here again. */
function checked(apply: (grid: Grid) => Grid, back: (grid: Grid) => Grid): Transform["invert"] {
  return (grid) => {
    const one = back(grid);
    return one.length > 0 && one[0]!.length > 0 && sameGrid(apply(one), grid) ? one : undefined;
  };
}
