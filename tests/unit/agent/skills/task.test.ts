import { describe, expect, test } from "bun:test";
import { parseTask, parseTaskText, TaskError } from "../../../../agent/skills/task.ts";

const pair = (input: unknown, output: unknown) => ({ input, output });
const good = pair([[1, 2]], [[2, 1]]);
const other = pair([[3, 4]], [[4, 3]]);
const test1 = { input: [[5, 6]] };

function refusal(data: unknown): string {
  try {
    parseTask(data);
  } catch (error) {
    if (error instanceof TaskError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a task in ARC's format", () => {
  test("is read, with or without the tests' outputs", () => {
    const task = parseTask({ train: [good, other], test: [test1, pair([[7]], [[8], [9]])] });
    expect(task.format).toBe("grid");
    expect(task.train).toEqual([
      { input: "12", output: "21" },
      { input: "34", output: "43" },
    ]);
    expect(task.test).toEqual([
      { input: "56", output: null },
      { input: "7", output: "8\n9" },
    ]);
  });

  const wide = [Array(31).fill(0)];
  test.each([
    ["no task at all", 7, "A task is"],
    ["no tests", { train: [good, other] }, "The task has no test."],
    ["an empty list of tests", { train: [good, other], test: [] }, "nothing to ask"],
    ["one example", { train: [good], test: [test1] }, "The task has one example"],
    ["none", { train: [], test: [test1] }, "0 examples"],
    [
      "a ragged grid",
      { train: [good, pair([[1]], [[1, 2, 3], [4]])], test: [test1] },
      "Example 2's output has rows of 3 and of 1 cells: all must be as long.",
    ],
    [
      "a grid that is too large",
      { train: [pair(wide, [[1]]), good], test: [test1] },
      "Example 1's input is 1 × 31: grids have at most 30 × 30 cells.",
    ],
    [
      "a colour out of range",
      { train: [good, other], test: [{ input: [[1, 10]] }] },
      "Test 1's input has the colour 10: colours are 0 to 9.",
    ],
    ["half a colour", { train: [good, pair([[0.5]], [[1]])], test: [test1] }, "no whole number"],
    [
      "an empty grid",
      { train: [good, pair([], [[1]])], test: [test1] },
      "Example 2's input is empty.",
    ],
    ["an empty row", { train: [good, pair([[]], [[1]])], test: [test1] }, "empty row"],
    [
      "a missing output",
      { train: [good, { input: [[1]] }], test: [test1] },
      "Example 2's output is missing.",
    ],
    [
      "contradictory examples",
      { train: [good, other, pair([[1, 2]], [[1, 1]])], test: [test1] },
      "Example 1 and example 3 contradict each other: one input, two outputs. Leave one of them out.",
    ],
    [
      "a test that contradicts an example",
      { train: [good, other], test: [pair([[1, 2]], [[9]])] },
      "Example 1 and test 1 contradict",
    ],
    ["grids beside texts", { train: [good, pair("a", "b")], test: [test1] }, "choose one"],
  ])("with %s is refused, saying where", (_, data, words) => {
    expect(refusal(data)).toContain(words);
  });
});

describe("a task written as text", () => {
  test("has a blank line between pairs, and asks what has no output", () => {
    const task = parseTaskText(
      "red apple\n>\nRED\n\n green pear \r\n>\r\nGREEN\r\n\r\nblue plum\n",
    );
    expect(task).toEqual({
      format: "text",
      train: [
        { input: "red apple", output: "RED" },
        { input: "green pear", output: "GREEN" },
      ],
      test: [{ input: "blue plum", output: null }],
    });
  });

  test("with an empty output, or nothing to ask, is refused", () => {
    expect(() => parseTaskText("a\n>\n\nb\n>\nB\n\nc")).toThrow("Example 1's output is empty.");
    expect(() => parseTaskText("a\n>\nA\n\nb\n>\nB")).toThrow("nothing to ask");
    expect(() =>
      parseTask({ train: [pair("a\n\nb", "x"), pair("c", "d")], test: [{ input: "e" }] }),
    ).toThrow("Example 1's input has a blank line");
  });
});
