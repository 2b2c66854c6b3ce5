import { random, seedFor, shuffled } from "../../trainer/random.ts";
import { type Grid, gridText, type Pair, parseGrid } from "./prompts.ts";
import { AUGMENTATIONS, type Augmentation, type Recipe } from "./recipe.ts";
import type { Task } from "./task.ts";
import {
  BASIC,
  CHAIN,
  COLOURS,
  chained,
  MAX_SIDE,
  REPEAT,
  recoloured,
  SIZE,
  type Transform,
} from "./transforms.ts";

const OF: Record<Augmentation, readonly Transform[]> = {
  basic: BASIC,
  size: SIZE,
  chain: CHAIN,
  repeat: REPEAT,
};

/** The changes that a recipe asks for; texts have none. */
function transformsOf(recipe: Recipe, { format }: Pick<Task, "format">): Transform[] {
  if (format === "text") return [];
  return AUGMENTATIONS.flatMap((it) => (recipe[it] ? OF[it] : []));
}

/** A change followed by other colours; the background stays what it is. */
export function withColours(transform: Transform, next: () => number): Transform {
  const others = shuffled(COLOURS - 1, next).map((colour) => colour + 1);
  return chained(transform, recoloured([0, ...others]));
}

/** A grid's text under a change. @returns nothing where it becomes too large */
export function changed({ apply }: Transform, text: string): string | undefined {
  const grid = apply(parseGrid(text)!);
  return isSmall(grid) ? gridText(grid) : undefined;
}

/** The text of the grid that becomes this one, if it is a grid and there is one. */
export function changedBack({ invert }: Transform, text: string): string | undefined {
  const grid = parseGrid(text);
  const back = grid && isSmall(grid) ? invert(grid) : undefined;
  return back && gridText(back);
}

/**
 * Each example in turn becomes the one that is asked for, after all others (leave one out).
 */
export function leaveOneOut(examples: readonly Pair[]): Pair[][] {
  return examples.map((asked, i) => [...examples.filter((_, j) => j !== i), asked]);
}

/** Each two examples are left out, and each of them is asked for after what is left of three or more. */
export function leaveTwoOut(examples: readonly Pair[]): Pair[][] {
  if (examples.length <= 2) return [];
  return examples.flatMap((_, i) =>
    examples.slice(i + 1).flatMap((other, k) => {
      const rest = examples.filter((_, j) => j !== i && j !== i + 1 + k);
      return [
        [...rest, examples[i]!],
        [...rest, other],
      ];
    }),
  );
}

/**
 * Small tasks made of a task's examples, the last pair of each being the one that is asked for: the
 * examples themselves with one and with two left out, and under each of the recipe's changes with one left
 * out, in other colours and in another order. The most faithful come first; the rest is in random order,
 * so that a part of it is a fair sample.
 */
export function trainingTasks(
  { format, train }: Pick<Task, "format" | "train">,
  recipe: Recipe,
  seed: number,
): Pair[][] {
  const next = random(seedFor(seed, "augmentations"));
  const more = leaveTwoOut(train);
  for (const transform of transformsOf(recipe, { format })) {
    const change = withColours(transform, next);
    const examples = changedPairs(change, train);
    if (!examples) continue;
    for (const task of leaveOneOut(examples)) {
      const asked = task.pop()!;
      more.push([...shuffled(task.length, next).map((i) => task[i]!), asked]);
    }
  }
  return [...leaveOneOut(train), ...shuffled(more.length, next).map((i) => more[i]!)];
}

/** All examples under a change, or nothing where one becomes too large. */
export function changedPairs(change: Transform, examples: readonly Pair[]): Pair[] | undefined {
  const pairs: Pair[] = [];
  for (const example of examples) {
    const [input, output] = [changed(change, example.input), changed(change, example.output)];
    if (input === undefined || output === undefined) return undefined;
    pairs.push({ input, output });
  }
  return pairs;
}

function isSmall(grid: Grid): boolean {
  return grid.length <= MAX_SIDE && grid[0]!.length <= MAX_SIDE;
}
