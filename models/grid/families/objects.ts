import type { Rng } from "../../world/rng.ts";
import {
  type Act,
  at,
  type Box,
  boxAround,
  cut,
  draw,
  EMPTY,
  type Grid,
  mapCells,
  whileTurned,
  widthOf,
} from "../canvas.ts";
import type { Family } from "../family.ts";
import {
  boxIn,
  colour,
  inside,
  mosaic,
  onCorner,
  onEdge,
  otherColour,
  scatter,
  twoColours,
} from "../scenes.ts";

/** Colours the cells of a box. */
type Paint = (own: Rng, box: Box) => (row: number, column: number) => number;

const MAX_SIDE = 4;

/** A family whose inputs show one box on an empty ground. */
function ofBoxes(name: string, minSide: number, paint: Paint, act: (rng: Rng) => Act): Family {
  return {
    name,
    sides: { min: 4 },
    rule: (rng, sizes) => ({
      input: (own) => {
        const size = sizes();
        const box = boxIn(own, size, minSide, MAX_SIDE);
        const colourAt = paint(own, box);
        return draw(size.height, size.width, (r, c) =>
          inside(box, r, c) ? colourAt(r, c) : EMPTY,
        );
      },
      output: act(rng),
    }),
  };
}

const patterned: Paint = (own, { top, left, bottom, right }) => {
  const size = { height: bottom - top, width: right - left };
  const patch = mosaic(own, () => size, twoColours(own));
  return (r, c) => at(patch, r - top, c - left);
};
const solid: Paint = (own) => {
  const fill = colour(own);
  return () => fill;
};
const outline: Paint = (own, box) => {
  const fill = colour(own);
  return (r, c) => (onEdge(box, r, c) ? fill : EMPTY);
};
const cornersOnly: Paint = (own, box) => {
  const fill = colour(own);
  return (r, c) => (onCorner(box, r, c) ? fill : EMPTY);
};
/** One colour but for one cell inside. */
const holed: Paint = (own, { top, left, bottom, right }) => {
  const fill = colour(own);
  const [row, column] = [own.int(top + 1, bottom - 2), own.int(left + 1, right - 2)];
  return (r, c) => (r === row && c === column ? EMPTY : fill);
};

/** The box around everything that is not empty; every input here has something. */
function objectBox(grid: Grid): Box {
  return boxAround(grid, (c) => c !== EMPTY) as Box;
}

/** The object's box filled with the colour of its corner. */
const filled: Act = (grid) => {
  const box = objectBox(grid);
  const fill = at(grid, box.top, box.left);
  return mapCells(grid, (old, r, c) => (inside(box, r, c) ? fill : old));
};

export const crop = ofBoxes(
  "crop to the object",
  2,
  patterned,
  () => (grid) => cut(grid, objectBox(grid)),
);
export const fillOutline = ofBoxes("fill the outline", 3, outline, (rng) => {
  const fill = colour(rng);
  return (grid) => {
    const box = objectBox(grid);
    return mapCells(grid, (old, r, c) => (inside(box, r, c) && old === EMPTY ? fill : old));
  };
});
export const hollow = ofBoxes("hollow out", 3, solid, () => (grid) => {
  const box = objectBox(grid);
  return mapCells(grid, (old, r, c) => (onEdge(box, r, c) ? old : EMPTY));
});
export const mend = ofBoxes("mend the hole", 3, holed, () => filled);
export const boxFromCorners = ofBoxes("box from its corners", 3, cornersOnly, () => filled);
export const outlineFromCorners = ofBoxes(
  "outline from its corners",
  3,
  cornersOnly,
  () => (grid) => {
    const box = objectBox(grid);
    const fill = at(grid, box.top, box.left);
    return mapCells(grid, (old, r, c) => (onEdge(box, r, c) ? fill : old));
  },
);
/** The empty cells around the object become a colour. */
export const halo = ofBoxes("halo", 1, solid, (rng) => {
  const ring = colour(rng);
  return (grid) => {
    const { top, left, bottom, right } = objectBox(grid);
    const around = { top: top - 1, left: left - 1, bottom: bottom + 1, right: right + 1 };
    return mapCells(grid, (old, r, c) => (old === EMPTY && inside(around, r, c) ? ring : old));
  };
});
/** The object's rows are mirrored in place. */
export const mirrorObject = ofBoxes("mirror the object", 2, patterned, (rng) =>
  whileTurned(rng.int(0, 1), (grid) => {
    const box = objectBox(grid);
    return mapCells(grid, (old, r, c) =>
      inside(box, r, c) ? at(grid, r, box.left + box.right - 1 - c) : old,
    );
  }),
);
/** The object moves to one side of the grid. */
export const moveObject = ofBoxes("move to the rim", 2, patterned, (rng) =>
  whileTurned(rng.int(0, 3), (grid) => {
    const far = widthOf(grid) - objectBox(grid).right;
    return mapCells(grid, (_, r, c) => at(grid, r, c - far));
  }),
);

/** A box, and specks of the task's noise colour around and on it. */
export const denoise: Family = {
  name: "remove the noise",
  sides: { min: 4 },
  rule: (rng, sizes) => {
    const noise = colour(rng);
    return {
      input: (own) => {
        const size = sizes();
        const box = boxIn(own, size, 2, MAX_SIDE);
        const fill = otherColour(own, noise);
        const specks = scatter(own, () => size, [noise], 0.15);
        return mapCells(specks, (old, r, c) => (inside(box, r, c) ? fill : old));
      },
      output: (grid) => mapCells(grid, (old) => (old === noise ? EMPTY : old)),
    };
  },
};
/** Two boxes of different colours; the one of the task's colour is cut out. */
export const cropColour: Family = {
  name: "crop to a colour",
  sides: { min: 5 },
  rule: (rng, sizes) => {
    const wanted = colour(rng);
    return {
      input: (own) => {
        const { height, width } = sizes();
        const border = own.int(2, width - 2);
        const boxes = [
          boxIn(own, { height, width: border }, 1, MAX_SIDE),
          boxIn(own, { height, width: width - border }, 1, MAX_SIDE),
        ] as const;
        const fills = own.shuffle([wanted, otherColour(own, wanted)]);
        return draw(height, width, (r, c) =>
          inside(boxes[0], r, c) ? fills[0]! : inside(boxes[1], r, c - border) ? fills[1]! : EMPTY,
        );
      },
      output: (grid) => {
        const box = boxAround(grid, (c) => c === wanted);
        return box ? cut(grid, box) : grid;
      },
    };
  },
};
