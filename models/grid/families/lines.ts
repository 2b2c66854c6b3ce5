import type { Rng } from "../../world/rng.ts";
import {
  type Act,
  at,
  draw,
  EMPTY,
  type Grid,
  mapCells,
  turnedBy,
  whileTurned,
  widthOf,
} from "../canvas.ts";
import type { Family, Sizes } from "../family.ts";
import { colour, colours, scatter, twoColours } from "../scenes.ts";

/** A family whose inputs are a few points on an empty ground. */
function ofPoints(
  name: string,
  scene: (own: Rng, sizes: Sizes) => Grid,
  act: (rng: Rng) => Act,
): Family {
  return {
    name,
    rule: (rng, sizes) => ({ input: (own) => scene(own, sizes), output: act(rng) }),
  };
}

const onePoint = (own: Rng, sizes: Sizes): Grid => scatter(own, sizes, [colour(own)], 0);
const twoPoints = (own: Rng, sizes: Sizes): Grid => scatter(own, sizes, twoColours(own), 0);
/** Points of one colour and any number, at least one. */
const points = (own: Rng, sizes: Sizes): Grid => scatter(own, sizes, [colour(own)], 0.2);

/** The first colour of a row that is not empty, or empty. */
function first(row: readonly number[]): number {
  return row.find((c) => c !== EMPTY) ?? EMPTY;
}

/** Every row that has a point becomes its colour. */
const rowsFilled: Act = (grid) => mapCells(grid, (_, r) => first(grid[r]!));
/** Every point is drawn on to the right. */
const raysRight: Act = (grid) =>
  mapCells(grid, (_, r, c) => first(grid[r]!.slice(0, c + 1).toReversed()));

export const fullLines = ofPoints("lines through points", onePoint, (rng) =>
  whileTurned(rng.int(0, 1), rowsFilled),
);
export const rays = ofPoints("rays", points, (rng) => whileTurned(rng.int(0, 3), raysRight));
export const cross = ofPoints("cross", onePoint, () => (grid) => {
  const r0 = grid.findIndex((row) => first(row) !== EMPTY);
  const c0 = grid[r0]!.findIndex((c) => c !== EMPTY);
  return mapCells(grid, (_, r, c) => (r === r0 || c === c0 ? at(grid, r0, c0) : EMPTY));
});
export const diagonals = ofPoints("diagonals", onePoint, () => (grid) => {
  const r0 = grid.findIndex((row) => first(row) !== EMPTY);
  const c0 = grid[r0]!.findIndex((c) => c !== EMPTY);
  return mapCells(grid, (_, r, c) =>
    Math.abs(r - r0) === Math.abs(c - c0) ? at(grid, r0, c0) : EMPTY,
  );
});
/** The neighbours of each point become a colour of the task's. */
export const plus = ofPoints("plus around points", twoPoints, (rng) => {
  const arm = colour(rng);
  return (grid) =>
    mapCells(grid, (old, r, c) => {
      if (old !== EMPTY) return old;
      const near = [at(grid, r - 1, c), at(grid, r + 1, c), at(grid, r, c - 1), at(grid, r, c + 1)];
      return near.some((n) => n !== EMPTY) ? arm : old;
    });
});
/** A point at one side, its line goes to the other. */
export const fromRim = ofPoints(
  "grow from the rim",
  (own, sizes) => {
    const { height, width } = sizes();
    const seeds = new Map(
      own
        .sample(
          Array.from({ length: height }, (_, r) => r),
          own.int(1, Math.min(3, height - 1)),
        )
        .map((r) => [r, colour(own)]),
    );
    return draw(height, width, (r, c) => (c === 0 ? (seeds.get(r) ?? EMPTY) : EMPTY));
  },
  () => rowsFilled,
);
/** Two points of a row, or a column, and the line between them. */
export const connect: Family = {
  name: "connect the points",
  sides: { min: 4 },
  rule: (rng, sizes) => {
    const quarters = rng.int(0, 1);
    return {
      input: (own) => {
        const { height, width } = sizes();
        const row = own.int(0, height - 1);
        const ends = own.sample(
          Array.from({ length: width }, (_, c) => c),
          2,
        );
        const fill = colour(own);
        return turnedBy(
          draw(height, width, (r, c) => (r === row && ends.includes(c) ? fill : EMPTY)),
          4 - quarters,
        );
      },
      output: whileTurned(quarters, (grid) =>
        mapCells(grid, (_, r, c) => {
          const before = first(grid[r]!.slice(0, c + 1));
          return first(grid[r]!.slice(c)) === before ? before : EMPTY;
        }),
      ),
    };
  },
};

/** What is in a row falls to its right end; the order stays. */
const fallen: Act = (grid) =>
  grid.map((row) => {
    const there = row.filter((c) => c !== EMPTY);
    return [...Array<number>(row.length - there.length).fill(EMPTY), ...there];
  });

export const gravity = ofPoints(
  "gravity",
  (own, sizes) => scatter(own, sizes, colours(own, own.int(1, 3)), 0.4),
  (rng) => whileTurned(rng.int(0, 3), fallen),
);

/** Bars that stand on the left rim, one in each row. */
const bars = (own: Rng, sizes: Sizes): Grid => {
  const { height, width } = sizes();
  const fill = colour(own);
  const lengths = Array.from({ length: height }, () => own.int(1, width));
  return draw(height, width, (r, c) => (c < lengths[r]! ? fill : EMPTY));
};
const barLength = (row: readonly number[]): number => row.filter((c) => c !== EMPTY).length;

export const sortBars = ofPoints("sort the bars", bars, (rng) => {
  const sign = rng.pick([1, -1]);
  return (grid) => grid.toSorted((a, b) => sign * (barLength(a) - barLength(b)));
});
export const longestBar = ofPoints("colour the longest bars", bars, (rng) => {
  const to = colour(rng);
  return (grid) => {
    const most = Math.max(...grid.map(barLength));
    return grid.map((row) =>
      barLength(row) === most ? row.map((c) => (c === EMPTY ? c : to)) : [...row],
    );
  };
});
/** As many cells in a row as there are points. */
export const count = ofPoints(
  "count the points",
  (own, sizes) => {
    const { height, width } = sizes();
    return scatter(own, () => ({ height, width }), [colour(own)], own.int(1, 6) / (height * width));
  },
  () => (grid) => {
    const there = grid.flat().filter((c) => c !== EMPTY);
    return [there];
  },
);

/** The first columns go on as they began. */
export const continuePattern: Family = {
  name: "continue the pattern",
  sides: { min: 4 },
  rule: (rng, sizes) => {
    const quarters = rng.int(0, 1);
    const period = 2;
    return {
      input: (own) => {
        const { height, width } = sizes();
        const palette = colours(own, 3);
        const pattern = draw(height, period, () => own.pick(palette));
        return turnedBy(
          draw(height, width, (r, c) => (c < period ? at(pattern, r, c) : EMPTY)),
          4 - quarters,
        );
      },
      output: whileTurned(quarters, (grid) => mapCells(grid, (_, r, c) => at(grid, r, c % period))),
    };
  },
};
/** One half is there; the other one becomes its mirror image. */
export const completeMirror: Family = {
  name: "complete by its mirror",
  sides: { min: 4 },
  rule: (rng, sizes) => {
    const quarters = rng.int(0, 3);
    return {
      input: (own) => {
        const { height, width } = sizes();
        const palette = colours(own, 2);
        return turnedBy(
          draw(height, width, (_, c) => (c < width >> 1 ? own.pick([EMPTY, ...palette]) : EMPTY)),
          4 - quarters,
        );
      },
      output: whileTurned(quarters, (grid) =>
        mapCells(grid, (old, r, c) => (old === EMPTY ? at(grid, r, widthOf(grid) - 1 - c) : old)),
      ),
    };
  },
};
