import type { Rng } from "../../world/rng.ts";
import {
  type Act,
  at,
  countColours,
  EMPTY,
  type Grid,
  heightOf,
  mapCells,
  widthOf,
} from "../canvas.ts";
import type { Family } from "../family.ts";
import { colours, mosaic, otherColour } from "../scenes.ts";

/** A family that knows the colours of its mosaics, each of which is in every input. */
function ofPalettes(
  name: string,
  count: [number, number],
  act: (palette: number[], rng: Rng) => Act,
): Family {
  return {
    name,
    rule: (rng, sizes) => {
      const palette = colours(rng, rng.int(...count));
      return { input: (own) => mosaic(own, sizes, palette), output: act(palette, rng) };
    },
  };
}

const replaced =
  (from: number, to: number): Act =>
  (grid) =>
    mapCells(grid, (old) => (old === from ? to : old));

/** One of the palette becomes a colour that the inputs do not have. */
export const recolour = ofPalettes("recolour", [2, 4], (palette, rng) => {
  return replaced(palette[0]!, otherColour(rng, ...palette));
});
export const erase = ofPalettes("erase", [2, 4], ([first]) => replaced(first!, EMPTY));
export const keep = ofPalettes(
  "keep one colour",
  [2, 4],
  ([first]) =>
    (grid) =>
      mapCells(grid, (old) => (old === first ? old : EMPTY)),
);
export const swapColours = ofPalettes(
  "swap two colours",
  [2, 4],
  ([a, b]) =>
    (grid) =>
      mapCells(grid, (old) => (old === a ? b! : old === b ? a! : old)),
);
/** Each colour becomes the next of a circle. */
export const cycleColours = ofPalettes(
  "cycle the colours",
  [3, 4],
  (palette) => (grid) =>
    mapCells(grid, (old) => palette[(palette.indexOf(old) + 1) % palette.length]!),
);
export const mapColours = ofPalettes("map the colours", [2, 3], (palette, rng) => {
  const others = colours(rng, 9).filter((c) => !palette.includes(c));
  return (grid) => mapCells(grid, (old) => others[palette.indexOf(old)]!);
});
export const mergeColours = ofPalettes("merge two colours", [3, 4], ([a, b]) => replaced(a!, b!));

/** The two colours of a grid change places; each grid has its own. */
export const invert: Family = {
  name: "invert",
  rule: (_, sizes) => ({
    input: (own) => mosaic(own, sizes, colours(own, 2)),
    output: (grid) => {
      const [a, b] = [...countColours(grid).keys()];
      return mapCells(grid, (old) => (old === a ? b! : a!));
    },
  }),
};

/** The colours by how often they occur, the most frequent first; nothing where two are as frequent. */
function ranking(grid: Grid): number[] {
  const counts = [...countColours(grid)].toSorted((a, b) => b[1] - a[1]);
  return counts.map(([colour]) => colour);
}

/** Mosaics in which no two colours are equally frequent. */
function uneven(own: Rng, sizes: Parameters<Family["rule"]>[1], count: number): Grid {
  for (;;) {
    const grid = mosaic(own, sizes, colours(own, count));
    const counts = [...countColours(grid).values()];
    if (new Set(counts).size === counts.length) return grid;
  }
}

export const fillMost: Family = {
  name: "fill with the most frequent",
  rule: (_, sizes) => ({
    input: (own) => uneven(own, sizes, 3),
    output: (grid) => mapCells(grid, () => ranking(grid)[0]!),
  }),
};
export const fillLeast: Family = {
  name: "fill with the rarest",
  rule: (_, sizes) => ({
    input: (own) => uneven(own, sizes, 3),
    output: (grid) => mapCells(grid, () => ranking(grid).at(-1)!),
  }),
};
export const keepMost: Family = {
  name: "keep the most frequent",
  rule: (_, sizes) => ({
    input: (own) => uneven(own, sizes, 3),
    output: (grid) => mapCells(grid, (old) => (old === ranking(grid)[0] ? old : EMPTY)),
  }),
};

/** Every other cell, as on a chessboard, becomes one colour. */
export const checker = ofPalettes("chessboard", [2, 3], (palette, rng) => {
  const to = otherColour(rng, ...palette);
  return (grid) => mapCells(grid, (old, r, c) => ((r + c) % 2 === 0 ? old : to));
});
export const stripes = ofPalettes("stripes", [2, 3], (palette, rng) => {
  const to = otherColour(rng, ...palette);
  const across = rng.chance(0.5);
  return (grid) => mapCells(grid, (old, r, c) => ((across ? r : c) % 2 === 0 ? old : to));
});

const rim = (grid: Grid, r: number, c: number): boolean =>
  r === 0 || c === 0 || r === heightOf(grid) - 1 || c === widthOf(grid) - 1;

export const border = ofPalettes("border", [2, 3], (palette, rng) => {
  const to = otherColour(rng, ...palette);
  return (grid) => mapCells(grid, (old, r, c) => (rim(grid, r, c) ? to : old));
});
export const clearMiddle = ofPalettes(
  "clear the middle",
  [2, 4],
  () => (grid) => mapCells(grid, (old, r, c) => (rim(grid, r, c) ? old : EMPTY)),
);
export const corners = ofPalettes("colour the corners", [2, 3], (palette, rng) => {
  const to = otherColour(rng, ...palette);
  return (grid) =>
    mapCells(grid, (old, r, c) =>
      (r === 0 || r === heightOf(grid) - 1) && (c === 0 || c === widthOf(grid) - 1) ? to : old,
    );
});
/** Cells that differ from their left neighbour become one colour. */
export const edges = ofPalettes("mark the edges", [2, 2], (palette, rng) => {
  const to = otherColour(rng, ...palette);
  return (grid) => mapCells(grid, (old, r, c) => (c > 0 && at(grid, r, c - 1) !== old ? to : old));
});
/** The diagonal becomes one colour. */
export const diagonal = ofPalettes("colour the diagonal", [2, 3], (palette, rng) => {
  const to = otherColour(rng, ...palette);
  const anti = rng.chance(0.5);
  return (grid) =>
    mapCells(grid, (old, r, c) => ((anti ? widthOf(grid) - 1 - c : c) === r ? to : old));
});
