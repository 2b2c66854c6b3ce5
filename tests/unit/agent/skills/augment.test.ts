import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { leaveOneOut, leaveTwoOut, trainingTasks } from "../../../../agent/skills/augment.ts";
import { parseGrid, taskPrompt, taskRow } from "../../../../agent/skills/prompts.ts";
import {
  RECIPE_JSON_SCHEMA,
  type Recipe,
  readRecipe,
  recipeText,
} from "../../../../agent/skills/recipe.ts";
import { viewsOf, voted } from "../../../../agent/skills/views.ts";
import { winnersOf } from "../../../../agent/skills/winners.ts";

const RECIPE: Recipe = {
  ...{ basic: false, size: false, chain: false, repeat: false },
  loss: "output",
  rate: 0.001,
  epochs: 2,
};
const pairs = ["12\n30", "45\n06", "78\n91", "22\n33"].map((input) => {
  return { input, output: input.split("\n").reverse().join("\n") };
});
const task = { format: "grid" as const, train: pairs.slice(0, 3) };

describe("training sets", () => {
  test("leave out each example once, and each two of three or more", () => {
    expect(leaveOneOut(task.train).map((it) => it.at(-1))).toEqual(task.train);
    const two = leaveTwoOut(pairs);
    expect(two).toHaveLength(12);
    for (const set of two) {
      expect(set).toHaveLength(3);
      expect(new Set(set).size).toBe(3);
    }
    expect(leaveTwoOut(pairs.slice(0, 2))).toEqual([]);
  });

  test("have a set for each change and example; the examples as they are come first", () => {
    const plain = trainingTasks(task, RECIPE, 1);
    expect(plain).toHaveLength(3 + 6);
    expect(plain.slice(0, 3)).toEqual(leaveOneOut(task.train));
    const all = { ...RECIPE, basic: true, size: true, chain: true, repeat: true };
    expect(trainingTasks(task, all, 1)).toHaveLength(9 + 3 * (7 + 3 + 7 + 3));
    expect(trainingTasks(task, all, 1)).toEqual(trainingTasks(task, all, 1));
    expect(trainingTasks(task, all, 2)).not.toEqual(trainingTasks(task, all, 1));
  });

  test("keep the background, and change an example's two sides alike", () => {
    // Every output has as many cells of each colour as its input, whatever the change.
    const cells = (text: string) => [...text.replaceAll("\n", "")].sort().join("");
    for (const set of trainingTasks(task, { ...RECIPE, basic: true }, 3)) {
      for (const { input, output } of set) {
        expect(cells(output)).toBe(cells(input));
        const original = task.train.filter((it) => it.input.includes("0")).length;
        expect(set.filter((it) => it.input.includes("0")).length).toBeLessThanOrEqual(original);
      }
    }
  });

  test("leave out changes after which a grid is too large, and have none for texts", () => {
    const wide = { input: "1".repeat(16), output: "2".repeat(16) };
    const large = { format: "grid" as const, train: [wide, { input: "3", output: "4" }] };
    // Of three doublings, one is of the height alone.
    expect(trainingTasks(large, { ...RECIPE, size: true }, 1)).toHaveLength(2 + 2);
    const text = { format: "text" as const, train: task.train };
    expect(trainingTasks(text, { ...RECIPE, basic: true, chain: true }, 1)).toHaveLength(9);
  });
});

describe("views", () => {
  test("lead a right answer back to the task's own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const { input, output } = pairs[3]!;
        const all = { format: "grid" as const, train: [...task.train, pairs[3]!] };
        for (const view of viewsOf(all, input, { count: 9, seed })) {
          const asked = view.examples.find((it) => it.input === view.input)!;
          expect(view.back(asked.output)).toBe(output);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("begin with the task as it is, and refuse what is no grid", () => {
    const [first, second] = viewsOf(task, "12\n34", { count: 2, seed: 1 });
    expect(first).toMatchObject({ examples: task.train, input: "12\n34" });
    expect(first!.back("12\n3")).toBeUndefined();
    expect(second!.back("so\nit is")).toBeUndefined();
    const [text] = viewsOf({ ...task, format: "text" }, "a", { count: 1, seed: 1 });
    expect(text!.back("so\nit is")).toBe("so\nit is");
  });

  test("are counted, the first of equals first, and two at most", () => {
    expect(voted(["b", "a", undefined, "a", "c", "b"])).toEqual([
      { output: "b", votes: 2 },
      { output: "a", votes: 2 },
    ]);
    expect(voted([undefined])).toEqual([]);
  });
});

describe("prompts", () => {
  test("have a row whose text is the prompt and its answer", () => {
    const row = taskRow(task.train, "output");
    const text = row.segments.map((it) => it.text).join("");
    const [a, b, c] = task.train;
    expect(text).toBe(`${taskPrompt([a!, b!], c!.input)}${c!.output}\n\n`);
    expect(row.segments.map(({ loss }) => loss)).toEqual([false, false, false, true, false, true]);
    expect(taskRow(task.train, "all").segments.every(({ loss }) => loss)).toBeTrue();
    expect(parseGrid(c!.output)).toEqual([
      [9, 1],
      [7, 8],
    ]);
  });
});

describe("recipes", () => {
  test("are written in one form, and read whatever the white space", () => {
    const text = recipeText({ ...RECIPE, basic: true });
    expect(text).toBe(
      '{"basic":true,"size":false,"chain":false,"repeat":false,"loss":"output","rate":0.001,"epochs":2}',
    );
    expect(readRecipe(text.replaceAll(",", ",\n "))).toEqual({ ...RECIPE, basic: true });
    expect(RECIPE_JSON_SCHEMA).toMatchObject({
      type: "object",
      properties: { epochs: { enum: [1, 2, 4, 8] }, loss: { enum: ["all", "output"] } },
    });
  });

  test.each([
    ["cut off", recipeText(RECIPE).slice(0, -1)],
    ["out of its limits", recipeText({ ...RECIPE, epochs: 1000 as never })],
    ["with a key too many", `{"steps":1,${recipeText(RECIPE).slice(1)}`],
    ["without a key", '{"basic":true}'],
    ["none", "a good recipe"],
  ])("that are %s are no recipes", (_, text) => {
    expect(readRecipe(text)).toBeUndefined();
  });

  test("win by what they solve beyond the base, else by small steps", () => {
    const base = { exact: 0.5, logprob: -1 };
    const a = { exact: 1, logprob: -2 };
    const b = { exact: 1, logprob: -0.1 };
    const c = { exact: 0.5, logprob: -0.5 };
    const worse = { exact: 0, logprob: -0.01 };
    expect(winnersOf([c, a, worse, b], base)).toEqual([a, b]);
    expect(winnersOf([worse, c, { exact: 0.5, logprob: -0.9 }], base)).toEqual([c]);
    expect(winnersOf([worse, { exact: 0.5, logprob: -1.5 }], base)).toEqual([]);
  });
});
