import type { Rng } from "../world/rng.ts";
import type { Act, Grid } from "./canvas.ts";

/** Draws the size of a task's next grid. */
export type Sizes = () => { height: number; width: number };

/** What one task asks for: inputs of a kind, and the one right output of each. */
export interface Rule {
  input(rng: Rng): Grid;
  output: Act;
}

/**
 * A kind of task. It is drawn with its parameters (directions, colours); what the parameters are must
 * show in every pair, or in all demonstrations together.
 */
export interface Family {
  name: string;
  /** Sides that its inputs need to show anything, and may have where outputs are larger. */
  sides?: { min: number; max?: number };
  rule(rng: Rng, sizes: Sizes): Rule;
}

/** Share of the tasks whose grids are all of one size, which is easier to learn. */
const ONE_SIZE = 0.75;

/** Sizes of one task: one for all of its grids, or each grid its own. */
export function drawSizes(rng: Rng, min: number, max: number): Sizes {
  const side = () => rng.int(min, max);
  if (rng.chance(ONE_SIZE)) {
    const fixed = { height: side(), width: side() };
    return () => fixed;
  }
  return () => ({ height: side(), width: side() });
}

/** A family that does to the first one's outputs what `next` says. */
export function followed(family: Family, name: string, next: (rng: Rng) => Act): Family {
  return {
    ...family,
    name,
    rule: (rng, sizes) => {
      const first = family.rule(rng, sizes);
      const second = next(rng);
      return { input: first.input, output: (input) => second(first.output(input)) };
    },
  };
}
