import type { Rng } from "../../world/rng.ts";
import {
  type Act,
  above,
  at,
  beside,
  cut,
  draw,
  heightOf,
  mapCells,
  mirrored,
  transposed,
  turnedBy,
  upsideDown,
  whileTurned,
  widthOf,
} from "../canvas.ts";
import type { Family } from "../family.ts";
import { colours, mosaic } from "../scenes.ts";

/** A family whose inputs are mosaics of two to four colours. */
function ofMosaics(name: string, act: (rng: Rng) => Act, sides?: Family["sides"]): Family {
  return {
    name,
    ...(sides && { sides }),
    rule: (rng, sizes) => {
      const palette = colours(rng, rng.int(2, 4));
      return { input: (own) => mosaic(own, sizes, palette), output: act(rng) };
    },
  };
}

export const mirror = ofMosaics("mirror", (rng) => rng.pick([mirrored, upsideDown]));
export const halfTurn = ofMosaics("half turn", () => (grid) => turnedBy(grid, 2));
export const quarterTurn = ofMosaics("quarter turn", (rng) => {
  const quarters = rng.pick([1, 3]);
  return (grid) => turnedBy(grid, quarters);
});
export const transpose = ofMosaics("transpose", () => transposed);
export const antiTranspose = ofMosaics(
  "anti-transpose",
  () => (grid) => turnedBy(transposed(grid), 2),
);

/** What leaves the grid on one side comes in on the other. */
const rolled =
  (by: number): Act =>
  (grid) =>
    mapCells(grid, (_, r, c) => at(grid, r, (c + widthOf(grid) - by) % widthOf(grid)));

export const roll = ofMosaics("roll", (rng) => whileTurned(rng.int(0, 3), rolled(1)));
export const rollTwo = ofMosaics("roll by two", (rng) => whileTurned(rng.int(0, 3), rolled(2)));
export const rollDiagonally = ofMosaics("roll diagonally", (rng) => {
  const across = whileTurned(rng.pick([0, 2]), rolled(1));
  const down = whileTurned(rng.pick([1, 3]), rolled(1));
  return (grid) => down(across(grid));
});

/** What leaves the grid is lost, and the other side stays empty. */
export const shift = ofMosaics("shift", (rng) =>
  whileTurned(rng.int(0, 3), (grid) => mapCells(grid, (_, r, c) => at(grid, r, c - 1))),
);

export const half = ofMosaics("half", (rng) =>
  whileTurned(rng.int(0, 3), (grid) =>
    cut(grid, { top: 0, left: 0, bottom: heightOf(grid) >> 1, right: widthOf(grid) }),
  ),
);
export const quarter = ofMosaics(
  "quarter",
  (rng) =>
    whileTurned(rng.int(0, 3), (grid) =>
      cut(grid, { top: 0, left: 0, bottom: heightOf(grid) >> 1, right: widthOf(grid) >> 1 }),
    ),
  { min: 4 },
);
export const peel = ofMosaics(
  "peel the rim",
  () => (grid) =>
    cut(grid, { top: 1, left: 1, bottom: heightOf(grid) - 1, right: widthOf(grid) - 1 }),
  { min: 4 },
);

export const extend = ofMosaics(
  "extend by its mirror",
  (rng) =>
    rng.pick<Act>([
      (grid) => beside(grid, mirrored(grid)),
      (grid) => beside(mirrored(grid), grid),
      (grid) => above(grid, upsideDown(grid)),
      (grid) => above(upsideDown(grid), grid),
    ]),
  { min: 2, max: 4 },
);
export const kaleidoscope = ofMosaics(
  "kaleidoscope",
  () => (grid) => {
    const row = beside(grid, mirrored(grid));
    return above(row, upsideDown(row));
  },
  { min: 2, max: 3 },
);
export const tile = ofMosaics(
  "tile",
  (rng) => {
    const [rows, columns] = rng.pick([
      [1, 2],
      [2, 1],
      [2, 2],
    ] as const);
    return (grid) =>
      draw(rows * heightOf(grid), columns * widthOf(grid), (r, c) =>
        at(grid, r % heightOf(grid), c % widthOf(grid)),
      );
  },
  { min: 2, max: 3 },
);
export const tileThrice = ofMosaics(
  "tile three times",
  (rng) => {
    const [rows, columns] = rng.pick([
      [1, 3],
      [3, 1],
    ] as const);
    return (grid) =>
      draw(rows * heightOf(grid), columns * widthOf(grid), (r, c) =>
        at(grid, r % heightOf(grid), c % widthOf(grid)),
      );
  },
  { min: 2, max: 3 },
);

export const enlarge = ofMosaics(
  "enlarge",
  () => (grid) => draw(2 * heightOf(grid), 2 * widthOf(grid), (r, c) => at(grid, r >> 1, c >> 1)),
  { min: 2, max: 3 },
);
export const widen = ofMosaics(
  "widen",
  (rng) =>
    whileTurned(rng.int(0, 1), (grid) =>
      draw(heightOf(grid), 2 * widthOf(grid), (r, c) => at(grid, r, c >> 1)),
    ),
  { min: 2, max: 4 },
);

/** All rows, or columns, become like the one at an end. */
export const copyEnd = ofMosaics("copy an end", (rng) =>
  whileTurned(rng.int(0, 3), (grid) => mapCells(grid, (_, r) => at(grid, r, 0))),
);
export const swapEnds = ofMosaics("swap the ends", (rng) =>
  whileTurned(rng.int(0, 1), (grid) =>
    mapCells(grid, (old, r, c) => {
      const last = widthOf(grid) - 1;
      return c === 0 || c === last ? at(grid, r, last - c) : old;
    }),
  ),
);
/** Every other row, or column, is turned about. */
export const meander = ofMosaics("meander", (rng) =>
  whileTurned(rng.int(0, 1), (grid) =>
    mapCells(grid, (old, r, c) => (r % 2 === 0 ? old : at(grid, r, widthOf(grid) - 1 - c))),
  ),
);
/** Rows begin one place further on with each row. */
export const shear = ofMosaics("shear", (rng) =>
  whileTurned(rng.int(0, 3), (grid) =>
    mapCells(grid, (_, r, c) => at(grid, r, (c + r) % widthOf(grid))),
  ),
);
