import * as v from "valibot";
import type { TASK_FORMATS } from "../../db/schema.ts";
import { sha256 } from "../read/hash.ts";
import { type Grid, gridText, type Pair, parseGrid } from "./prompts.ts";
import { COLOURS, MAX_SIDE } from "./transforms.ts";

/** Fewer examples leave nothing to learn from when one is held out. */
export const MIN_EXAMPLES = 2;
const MAX_EXAMPLES = 32;
/** Characters of an input or output that is a text. */
const MAX_TEXT = 4000;

/** Something to be learned from examples; grids are written as prompts have them. */
export interface Task {
  format: (typeof TASK_FORMATS)[number];
  train: Pair[];
  /** What is asked; the output where it is known. */
  test: { input: string; output: string | null }[];
}

/** A task that cannot be used, in a sentence that says where. */
export class TaskError extends Error {
  readonly code = "bad-task";
  override name = "TaskError";
}

const Cell = v.pipe(
  v.number("has a cell that is no number"),
  v.integer("has a cell that is no whole number"),
  v.minValue(0, `has a colour below 0: colours are 0 to ${COLOURS - 1}`),
  v.maxValue(
    COLOURS - 1,
    (issue) => `has the colour ${issue.input}: colours are 0 to ${COLOURS - 1}`,
  ),
);
const GridSchema = v.pipe(
  v.array(v.pipe(v.array(Cell, "has a row that is no list"), v.nonEmpty("has an empty row"))),
  v.nonEmpty("is empty"),
  v.check((rows) => rows.every((row) => row.length === rows[0]!.length), raggedWords),
  v.check(
    (rows) => rows.length <= MAX_SIDE && (rows[0] ?? []).length <= MAX_SIDE,
    ({ input }) => `is ${sizeOf(input)}: grids have at most ${MAX_SIDE} × ${MAX_SIDE} cells`,
  ),
  v.transform(gridText),
);
const TextSchema = v.pipe(
  v.string("is neither a grid nor a text"),
  v.transform((text) => text.replace(/\r\n?/g, "\n").trim()),
  v.nonEmpty("is empty"),
  v.maxLength(MAX_TEXT, ({ input }) => {
    return `has ${input.length} characters: texts have at most ${MAX_TEXT}`;
  }),
  v.check((text) => !/\n\s*\n/.test(text), "has a blank line, which would end it"),
);
const Side = v.lazy((input) => (Array.isArray(input) ? GridSchema : TextSchema));
const TaskSchema = v.object({
  train: v.array(v.object({ input: Side, output: Side })),
  test: v.pipe(
    v.array(v.object({ input: Side, output: v.nullish(Side, null) })),
    v.nonEmpty("has nothing to ask: it needs an input"),
  ),
});

/**
 * Checks a task as ARC's files have it: `{ train: [{ input, output }], test: [{ input, output }] }`, each a
 * grid of colours, or else a text. A test's output may be missing.
 * @throws TaskError for the first thing that is wrong
 */
export function parseTask(data: unknown): Task {
  const parsed = v.safeParse(TaskSchema, data);
  if (!parsed.success) throw new TaskError(issueWords(parsed.issues[0]));
  const { train, test } = parsed.output;
  const format = formatOf(data as v.InferInput<typeof TaskSchema>);
  if (train.length < MIN_EXAMPLES || train.length > MAX_EXAMPLES) {
    const some = train.length === 1 ? "one example" : `${train.length} examples`;
    throw new TaskError(
      `The task has ${some}: it needs ${MIN_EXAMPLES} to ${MAX_EXAMPLES}, since each is held out once while the others are learned.`,
    );
  }
  refuseContradictions(train, test);
  return { format, train, test };
}

/**
 * Reads a task written as text, in the form of a prompt: an input, a line with `>`, its output, a blank
 * line. What has no `>` after it is asked.
 * @throws TaskError
 */
export function parseTaskText(text: string): Task {
  const blocks = text.replace(/\r\n?/g, "\n").split(/\n\s*\n/);
  const pairs = blocks
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const lines = block.split("\n");
      const border = lines.findIndex((line) => line.trim() === ">");
      const input = lines.slice(0, border < 0 ? lines.length : border).join("\n");
      return { input, output: border < 0 ? null : lines.slice(border + 1).join("\n") };
    });
  return parseTask({
    train: pairs.filter(({ output }) => output !== null),
    test: pairs.filter(({ output }) => output === null),
  });
}

/**
 * Reads an input that is asked: a grid as JSON, or as lines of digits, or a text.
 * @throws TaskError where it is not what the task asks for
 */
export function readInput(text: string, format: Task["format"]): string {
  const given = text.replace(/\r\n?/g, "\n").trim();
  const value = format === "grid" ? (parseGrid(given) ?? jsonOf(given)) : given;
  const parsed = v.safeParse(format === "grid" ? GridSchema : TextSchema, value);
  if (parsed.success) return parsed.output;
  const message = parsed.issues[0].message;
  throw new TaskError(
    Array.isArray(value) || format === "text"
      ? `The input ${message}.`
      : "The input is no grid: give lines of digits, all as long, or [[0, 1], …].",
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function formatOf({ train, test }: v.InferInput<typeof TaskSchema>): Task["format"] {
  const sides = [...train, ...test].flatMap(({ input, output }) => [input, output]);
  const grids = sides.filter((side) => Array.isArray(side)).length;
  if (grids === 0) return "text";
  if (sides.every((side) => Array.isArray(side) || side === null || side === undefined)) {
    return "grid";
  }
  throw new TaskError(
    "Some of the task's inputs and outputs are grids and some texts: choose one.",
  );
}

/** One input has one output, whether it is shown or asked. */
function refuseContradictions(train: readonly Pair[], test: Task["test"]): void {
  const all = [
    ...train.map((pair, i) => ({ ...pair, name: `Example ${i + 1}` })),
    ...test.map((pair, i) => ({ ...pair, name: `Test ${i + 1}` })),
  ];
  const first = new Map<string, (typeof all)[number]>();
  for (const pair of all) {
    if (pair.output === null) continue;
    const other = first.get(pair.input);
    if (other && other.output !== pair.output) {
      throw new TaskError(
        `${other.name} and ${pair.name.toLowerCase()} contradict each other: one input, two outputs. Leave one of them out.`,
      );
    }
    first.set(pair.input, pair);
  }
}

/** `Example 2's output has rows of 3 and 4 cells.` */
function issueWords(issue: v.BaseIssue<unknown>): string {
  const [list, number, side] = (issue.path ?? []).map(({ key }) => key);
  if (list === undefined) return 'A task is `{ "train": […], "test": […] }`.';
  const missing = issue.message.startsWith("Invalid key") || issue.received === "undefined";
  const message = missing ? "is missing" : issue.message;
  if (typeof number !== "number") {
    return list === "test"
      ? `The task ${missing ? "has no test" : message}.`
      : `“${list}” ${message}.`;
  }
  const name = `${list === "train" ? "Example" : "Test"} ${number + 1}`;
  return side === undefined ? `${name} ${message}.` : `${name}'s ${side} ${message}.`;
}

function raggedWords({ input }: { input: Grid }): string {
  const first = input[0]!.length;
  const other = input.find((row) => row.length !== first)!.length;
  return `has rows of ${first} and of ${other} cells: all must be as long`;
}

function sizeOf(grid: Grid): string {
  return `${grid.length} × ${grid[0]!.length}`;
}

/** The same for the same content. */
export function taskKey({ format, train, test }: Task): string {
  return sha256(JSON.stringify({ format, train, test }));
}
