import type { Rng } from "../../world/rng.ts";
import { type Act, at, draw, EMPTY, type Grid, heightOf, transposed, widthOf } from "../canvas.ts";
import type { Family } from "../family.ts";
import { colours } from "../scenes.ts";

/** Two masks beside, or above, each other, with a line between them; the output is their combination. */
function ofHalves(name: string, holds: (left: boolean, right: boolean) => boolean): Family {
  return {
    name,
    sides: { min: 2, max: 4 },
    rule: (rng, sizes) => {
      const [left, right, line, result] = colours(rng, 4) as [number, number, number, number];
      const turn: Act = rng.chance(0.5) ? transposed : (grid) => grid;
      return {
        input: (own: Rng) => {
          const { height, width } = sizes();
          return turn(
            draw(height, 2 * width + 1, (_, c) =>
              c === width ? line : own.chance(0.5) ? EMPTY : c < width ? left : right,
            ),
          );
        },
        output: (input) => {
          const grid = turn(input);
          const width = widthOf(grid) >> 1;
          const combined: Grid = draw(heightOf(grid), width, (r, c) =>
            holds(at(grid, r, c) !== EMPTY, at(grid, r, width + 1 + c) !== EMPTY) ? result : EMPTY,
          );
          return turn(combined);
        },
      };
    },
  };
}

export const and = ofHalves("and of the halves", (a, b) => a && b);
export const or = ofHalves("or of the halves", (a, b) => a || b);
export const xor = ofHalves("exclusive or of the halves", (a, b) => a !== b);
export const nor = ofHalves("neither of the halves", (a, b) => !a && !b);
export const without = ofHalves("one half without the other", (a, b) => a && !b);
