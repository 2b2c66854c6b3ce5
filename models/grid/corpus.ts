import { allRecipes } from "../../agent/experiment/few-shot/config.ts";
import {
  gridText,
  outputText,
  type Pair,
  recipePrompt,
  taskPrompt,
} from "../../agent/skills/prompts.ts";
import { recipeText } from "../../agent/skills/recipe.ts";
import type { TrainingRow } from "../../trainer/types.ts";
import { encodeRow } from "../corpus.ts";
import type { PretrainBatch } from "../plan.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { Rng } from "../world/rng.ts";
import { FAMILIES, IN_PLACE } from "./families/index.ts";
import { type GridTask, makeTask } from "./task.ts";

/** What one step of pre-training holds. */
export interface GridCorpusOptions {
  seed: number;
  /** Rows that solve a task. */
  tasks: number;
  /** Rows that write a recipe for one. */
  recipes: number;
  /**
   * Steps in which there are only short rows of squares whose cells stay where they are: what a cell of
   * an output comes from is found there first.
   */
  easySteps: number;
  /** Rows of each of them. */
  easyTasks: number;
}

export const GRID_CORPUS: GridCorpusOptions = {
  seed: 1,
  tasks: 16,
  recipes: 1,
  easySteps: 1000,
  easyTasks: 24,
};

/** Demonstrations before the last pair, and the largest side, each as often as it stands here. */
const DEMONSTRATIONS = [1, 2, 2, 2, 3, 3] as const;
const SIDES = [3, 4, 4, 4] as const;
const MAX_CELLS = 360;
/** All are equally likely, whatever the task: the model learns how recipes are written, not which is good. */
const RECIPES = allRecipes();

/** The endless pre-training corpus of the grid model. A step's rows depend on the seed and the step alone. */
export class GridCorpus {
  readonly options: GridCorpusOptions;

  constructor(
    private readonly tokenizer: Tokenizer,
    options: Partial<GridCorpusOptions> = {},
  ) {
    this.options = { ...GRID_CORPUS, ...options };
  }

  batch(step: number): PretrainBatch {
    const rows = this.texts(step).map((row) => encodeRow(this.tokenizer, row));
    return { rows, tokens: rows.reduce((sum, { tokens }) => sum + tokens.length, 0) };
  }

  texts(step: number): TrainingRow[] {
    const { seed, tasks, recipes, easySteps, easyTasks } = this.options;
    const rng = new Rng(`grid:${seed}:${step}`);
    const rows = (count: number, row: () => TrainingRow) => Array.from({ length: count }, row);
    if (step < easySteps) return rows(easyTasks, () => solved(easyPairs(rng)));
    return [
      ...rows(tasks, () => solved(pairsOf(aTask(rng)))),
      ...rows(recipes, () => writtenRecipe(pairsOf(aTask(rng)), rng)),
    ];
  }
}

/** One pair, or two of the same task; half of them only copy. */
function easyPairs(rng: Rng): Pair[] {
  const side = rng.pick([3, 4]);
  const task = makeTask(rng.pick(IN_PLACE), rng, { minSide: side, maxSide: side });
  const pairs = pairsOf(task).slice(-rng.int(1, 2));
  return rng.chance(0.5) ? pairs.map(({ input }) => ({ input, output: input })) : pairs;
}

function aTask(rng: Rng): GridTask {
  const family = rng.pick(FAMILIES.train);
  return makeTask(family, rng, {
    demonstrations: rng.pick(DEMONSTRATIONS),
    maxSide: rng.pick(SIDES),
    maxCells: MAX_CELLS,
  });
}

function pairsOf({ train, test }: GridTask): Pair[] {
  return [...train, ...test].map(({ input, output }) => ({
    input: gridText(input),
    output: gridText(output),
  }));
}

/** The first output teaches as well: how an output looks, and rules that an input alone gives away. */
function solved(pairs: readonly Pair[]): TrainingRow {
  const segments = pairs.flatMap(({ input, output }) => [
    { text: taskPrompt([], input), loss: false },
    { text: outputText(output), loss: true },
  ]);
  return { segments, end: false };
}

function writtenRecipe(pairs: readonly Pair[], rng: Rng): TrainingRow {
  const segments = [
    { text: recipePrompt(pairs), loss: false },
    { text: recipeText(rng.pick(RECIPES)), loss: true },
  ];
  return { segments, end: true };
}
