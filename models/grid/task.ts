import type { Pair } from "../../agent/skills/prompts.ts";
import { sameGrid } from "../../agent/skills/transforms.ts";
import { Rng } from "../world/rng.ts";
import { type Grid, heightOf, widthOf } from "./canvas.ts";
import { FAMILIES, type Split } from "./families/index.ts";
import { drawSizes, type Family } from "./family.ts";

/** As ARC stores tasks: demonstrations, and what is to be solved. */
export interface GridTask {
  train: Pair<Grid>[];
  test: Pair<Grid>[];
}

export interface NamedTask extends GridTask {
  family: string;
}

export interface TaskOptions {
  demonstrations: number;
  /** Sides of the inputs, where the family asks for no others. */
  minSide: number;
  maxSide: number;
  /** Most cells of all grids together. */
  maxCells: number;
}

/** A task of four pairs then has some 130 tokens and less than 300: a cell is one, and so is a row's end. */
export const TASK: TaskOptions = { demonstrations: 3, minSide: 3, maxSide: 4, maxCells: 240 };

/** Most draws until a family's task must have come out well. */
const ATTEMPTS = 1000;

/**
 * A task of a family, the same for the same generator.
 * @throws RangeError where the options leave the family no room
 */
export function makeTask(family: Family, rng: Rng, options: Partial<TaskOptions> = {}): GridTask {
  const { demonstrations, minSide, maxSide, maxCells } = { ...TASK, ...options };
  const { min: low, max = maxSide } = family.sides ?? { min: minSide };
  const high = Math.max(low, Math.min(max, maxSide));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const rule = family.rule(rng, drawSizes(rng, low, high));
    const pairs = Array.from({ length: demonstrations + 1 }, () => {
      const input = rule.input(rng);
      return { input, output: rule.output(input) };
    });
    if (!clear(pairs) || cellsOf(pairs) > maxCells) continue;
    return { train: pairs.slice(0, -1), test: pairs.slice(-1) };
  }
  throw new RangeError(`no task of "${family.name}" has at most ${maxCells} cells`);
}

/** Tasks of a split's families in turn, each family as often as any other. */
export function makeTasks(split: Split, seed: number, count: number): NamedTask[] {
  const rng = new Rng(`grid:${split}:${seed}`);
  const families = rng.shuffle(FAMILIES[split]);
  return Array.from({ length: count }, (_, i) => {
    const family = families[i % families.length] as Family;
    return { family: family.name, ...makeTask(family, rng.fork(`${i}`)) };
  });
}

/**
 * Whether the pairs can show what is asked: something happens in each, no two are alike, and the test
 * has no colour in its output that neither its input nor a demonstration's output has.
 */
function clear(pairs: readonly Pair<Grid>[]): boolean {
  const changed = pairs.every(({ input, output }) => output.length > 0 && !sameGrid(input, output));
  const inputs = new Set(pairs.map(({ input }) => JSON.stringify(input)));
  const outputs = new Set(pairs.map(({ output }) => JSON.stringify(output)));
  const test = pairs.at(-1) as Pair<Grid>;
  const shown = new Set([
    ...pairs.slice(0, -1).flatMap((p) => p.output.flat()),
    ...test.input.flat(),
  ]);
  return (
    changed &&
    inputs.size === pairs.length &&
    outputs.size > 1 &&
    test.output.flat().every((colour) => shown.has(colour))
  );
}

function cellsOf(pairs: readonly Pair<Grid>[]): number {
  return pairs
    .flatMap(({ input, output }) => [input, output])
    .reduce((sum, grid) => sum + heightOf(grid) * widthOf(grid), 0);
}
