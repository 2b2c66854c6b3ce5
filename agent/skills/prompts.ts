/**
 * The text around a task that is learned from examples. The grid model is pre-trained on exactly these
 * forms, and other models read them as plain completions:
 *
 *     120      an input: a grid's rows on lines, one digit for each cell; or any text
 *     003
 *     >        what follows is its output
 *     021
 *     300
 *              a blank line ends every output, so also an answer
 */
import type { TrainingRow } from "../../trainer/types.ts";

/** Rows of colours, 0 to 9. */
export type Grid = number[][];

/** An example: what is given, and what is to be made of it. */
export interface Pair<T = string> {
  input: T;
  output: T;
}

/** What ends an output; an answer is generated up to it. */
export const OUTPUT_END = "\n\n";

const BORDER = "\n>\n";

/**
 * What a training row has its loss on: all of its text, or the outputs that can be told from the examples
 * before them, which are all but the first.
 */
export const LOSSES = ["all", "output"] as const;
export type Loss = (typeof LOSSES)[number];

export function gridText(grid: Grid): string {
  return grid.map((row) => row.join("")).join("\n");
}

/** @returns nothing where the text is no grid: other characters than digits, or ragged rows */
export function parseGrid(text: string): Grid | undefined {
  const rows = text.split("\n");
  const width = rows[0]!.length;
  if (!rows.every((row) => row.length === width && /^\d+$/.test(row))) return undefined;
  return rows.map((row) => [...row].map(Number));
}

/** Asks for the output of an input, after examples. */
export function taskPrompt(examples: readonly Pair[], input: string): string {
  return `${examples.map(exampleText).join("")}${input}${BORDER}`;
}

/** How an output follows {@link taskPrompt}; scored and trained without an end token. */
export function outputText(output: string): string {
  return `${output}${OUTPUT_END}`;
}

/** Asks for a recipe that the examples are learned with; the recipe's JSON and an end token follow. */
export function recipePrompt(examples: readonly Pair[]): string {
  return `${examples.map(exampleText).join("")}Recipe:\n`;
}

/** A task as one training row: its examples, and an input with its output at the end. */
export function taskRow(pairs: readonly Pair[], loss: Loss): TrainingRow {
  const segments = pairs.flatMap(({ input, output }, i) => [
    { text: taskPrompt([], input), loss: loss === "all" },
    { text: outputText(output), loss: loss === "all" || i > 0 },
  ]);
  return { segments, end: false };
}

function exampleText({ input, output }: Pair): string {
  return `${taskPrompt([], input)}${outputText(output)}`;
}
