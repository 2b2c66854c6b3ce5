import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Grid } from "../../../agent/skills/prompts.ts";
import { gridText, outputText, parseGrid, taskPrompt } from "../../../agent/skills/prompts.ts";
import { EPOCHS, RATES, type Recipe, readRecipe } from "../../../agent/skills/recipe.ts";
import { GRID_CORPUS, GridCorpus } from "../../../models/grid/corpus.ts";
import { FAMILIES, SPLITS } from "../../../models/grid/families/index.ts";
import { makeTask, makeTasks, TASK } from "../../../models/grid/task.ts";
import { GRID_TOKENIZER_PATH, makeGridTokenizer } from "../../../models/grid/tokenizer.ts";
import { writeTasks } from "../../../models/grid/write.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { Rng } from "../../../models/world/rng.ts";

const all = SPLITS.flatMap((split) => FAMILIES[split]);
/** How many values each key of a recipe can have. */
const VALUES: Record<keyof Recipe, number> = {
  ...{ basic: 2, size: 2, chain: 2, repeat: 2, loss: 2 },
  rate: RATES.length,
  epochs: EPOCHS.length,
};
const cells = (grids: Grid[]) => grids.reduce((sum, grid) => sum + grid.flat().length, 0);

describe("the families", () => {
  test("there are many, and none is in two splits", () => {
    expect(FAMILIES.train.length).toBeGreaterThanOrEqual(30);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each(all.map((family) => [family.name, family] as const))("%s", (_, family) => {
    const tasks = Array.from({ length: 12 }, (_, seed) => makeTask(family, new Rng(seed)));
    expect(makeTask(family, new Rng(3))).toEqual(tasks[3]!);
    expect(new Set(tasks.map((task) => JSON.stringify(task))).size).toBe(tasks.length);
    for (const { train, test } of tasks) {
      expect([train.length, test.length]).toEqual([3, 1]);
      const pairs = [...train, ...test];
      const grids = pairs.flatMap(({ input, output }) => [input, output]);
      for (const grid of grids) expect(parseGrid(gridText(grid))).toEqual(grid);
      expect(Math.max(...grids.flatMap((g) => [g.length, g[0]!.length]))).toBeLessThanOrEqual(9);
      expect(cells(grids)).toBeLessThanOrEqual(TASK.maxCells);
      for (const { input, output } of pairs) expect(output).not.toEqual(input);
      expect(new Set(pairs.map(({ input }) => gridText(input))).size).toBe(pairs.length);
      expect(new Set(pairs.map(({ output }) => gridText(output))).size).toBeGreaterThan(1);
    }
  });

  test("an input has one right output", () => {
    for (const family of all) {
      const rng = new Rng(family.name);
      const rule = family.rule(rng, () => ({ height: 4, width: 5 }));
      const input = rule.input(rng);
      const before = structuredClone(input);
      expect(rule.output(input)).toEqual(rule.output(structuredClone(before)));
      expect(input).toEqual(before);
    }
  });

  test("a family without room says so", () => {
    const [family] = FAMILIES.train;
    expect(() => makeTask(family!, new Rng(1), { maxCells: 10 })).toThrow("at most 10 cells");
  });
});

/** What a family does, on an example that a person has worked out. */
describe("what they do", () => {
  const solve = (name: string, rows: string[]) => {
    const family = all.find((f) => f.name === name)!;
    const outputs = new Set(
      Array.from({ length: 40 }, (_, seed) => {
        const rule = family.rule(new Rng(seed), () => ({ height: 4, width: 4 }));
        return gridText(rule.output(parseGrid(rows.join("\n"))!)).replaceAll("\n", "/");
      }),
    );
    return [...outputs].toSorted();
  };

  test.each([
    ["mirror", ["12", "34"], ["21/43", "34/12"]],
    ["quarter turn", ["12", "34"], ["24/13", "31/42"]],
    ["half turn", ["12", "34"], ["43/21"]],
    ["transpose", ["123", "456"], ["14/25/36"]],
    ["anti-transpose", ["12", "34"], ["42/31"]],
    ["shift", ["12", "34"], ["00/12", "01/03", "20/40", "34/00"]],
    ["roll", ["123", "456"], ["231/564", "312/645", "456/123"]],
    ["half", ["12", "34"], ["1/3", "12", "2/4", "34"]],
    ["peel the rim", ["111", "121", "111"], ["2"]],
    ["extend by its mirror", ["12"], ["12/12", "1221", "2112"]],
    ["kaleidoscope", ["12", "34"], ["1221/3443/3443/1221"]],
    ["tile", ["12"], ["12/12", "1212", "1212/1212"]],
    ["enlarge", ["12"], ["1122/1122"]],
    ["copy an end", ["12", "34"], ["11/33", "12/12", "22/44", "34/34"]],
    ["invert", ["112", "211"], ["221/122"]],
    ["fill with the most frequent", ["113", "312"], ["111/111"]],
    ["fill with the rarest", ["113", "132"], ["222/222"]],
    ["crop to the object", ["0000", "0120", "0210", "0000"], ["12/21"]],
    ["hollow out", ["3333", "3333", "3333"], ["3333/3003/3333"]],
    ["mend the hole", ["333", "303", "333"], ["333/333/333"]],
    ["box from its corners", ["505", "000", "505"], ["555/555/555"]],
    ["outline from its corners", ["505", "000", "505"], ["555/505/555"]],
    ["lines through points", ["000", "040", "000"], ["000/444/000", "040/040/040"]],
    ["cross", ["000", "040", "000"], ["040/444/040"]],
    ["diagonals", ["000", "040", "000"], ["404/040/404"]],
    ["rays", ["040"], ["040", "044", "440"]],
    ["grow from the rim", ["100", "000", "200"], ["111/000/222"]],
    ["connect the points", ["3003", "0000"], ["3003/0000", "3333/0000"]],
    ["gravity", ["102", "030"], ["000/132", "012/003", "120/300", "132/000"]],
    ["sort the bars", ["110", "100", "111"], ["100/110/111", "111/110/100"]],
    ["count the points", ["70", "07"], ["77"]],
    ["complete by its mirror", ["12000"], ["12000", "12021"]],
    ["meander", ["12", "34"], ["12/43", "14/32"]],
  ])("%s", (name, rows, outputs) => {
    expect(solve(name, rows)).toEqual(outputs);
  });

  test.each([
    ["and of the halves", "0001"],
    ["or of the halves", "0111"],
    ["exclusive or of the halves", "0110"],
    ["neither of the halves", "1000"],
    ["one half without the other", "0010"],
  ])("%s", (name, truth) => {
    // Beside each other; the other half of the tasks has them one above the other.
    const made = solve(name, ["001150202"]).filter((output) => output.length === 4);
    expect(made.length).toBeGreaterThan(0);
    for (const output of made) expect(output.replace(/[1-9]/g, "1")).toBe(truth);
  });
});

describe("tasks of a split", () => {
  test("come from its families in equal number, and only from the seed", () => {
    const tasks = makeTasks("heldout", 5, 2 * FAMILIES.heldout.length);
    expect(makeTasks("heldout", 5, tasks.length)).toEqual(tasks);
    expect(makeTasks("heldout", 6, tasks.length)).not.toEqual(tasks);
    for (const { name } of FAMILIES.heldout) {
      expect(tasks.filter(({ family }) => family === name)).toHaveLength(2);
    }
  });

  test("are written as ARC's files", () => {
    const folder = mkdtempSync(join(tmpdir(), "grid-"));
    try {
      const tasks = writeTasks(folder, "practice", 1, 12);
      const files = readdirSync(folder).toSorted();
      expect(files).toHaveLength(12);
      files.forEach((file, i) => {
        const { train, test } = tasks[i]!;
        expect(JSON.parse(readFileSync(join(folder, file), "utf8"))).toEqual({ train, test });
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the corpus", () => {
  const tokenizer = loadTokenizer(GRID_TOKENIZER_PATH);
  const corpus = new GridCorpus(tokenizer);
  const LATER = GRID_CORPUS.easySteps;
  const texts = Array.from({ length: 40 }, (_, i) => corpus.texts(LATER + i)).flat();
  const isRecipe = ({ end }: (typeof texts)[number]) => end;

  test("the stored tokenizer is the one that is made", () => {
    expect(JSON.parse(readFileSync(GRID_TOKENIZER_PATH, "utf8"))).toEqual(makeGridTokenizer());
  });

  test("a cell, a row's end, a border and an output's end are one token each", () => {
    const prompt = taskPrompt([{ input: "12\n34", output: "5" }], "6");
    const tokens = tokenizer.encode(prompt + outputText("7")).map((id) => tokenizer.decode([id]));
    const one = ["1", "2", "\n", "3", "4", "\n", ">\n", "5", "\n\n", "6", "\n", ">\n", "7", "\n\n"];
    expect(tokens).toEqual(one);
  });

  test("the first steps have squares, one size to a row", () => {
    const sidesOf = (text: string) => {
      const rows = text.replace(/\n(>\n|\n)$/, "").split("\n");
      return [rows.length, rows[0]!.length];
    };
    for (const { segments } of corpus.texts(0)) {
      const sides = segments.map(({ text }) => String(sidesOf(text)));
      expect(new Set(sides).size).toBe(1);
      expect(["3,3", "4,4"]).toContain(sides[0]!);
    }
  });

  test("a step depends on seed and step alone", () => {
    expect(new GridCorpus(tokenizer).batch(7)).toEqual(corpus.batch(7));
    expect(corpus.batch(8)).not.toEqual(corpus.batch(7));
    expect(new GridCorpus(tokenizer, { seed: 2 }).batch(7)).not.toEqual(corpus.batch(7));
  });

  test("rows fit the context, and outputs are learned", () => {
    const { rows, tokens } = corpus.batch(LATER);
    expect(rows).toHaveLength(GRID_CORPUS.tasks + GRID_CORPUS.recipes);
    expect(tokens).toBe(rows.reduce((sum, row) => sum + row.tokens.length, 0));
    for (const row of rows) expect(row.tokens.length).toBeLessThanOrEqual(512);
    for (const { segments } of texts.filter((row) => !isRecipe(row))) {
      const learned = segments.filter(({ loss }) => loss);
      expect(learned.length).toBe(segments.length / 2);
      for (const { text } of learned) expect(parseGrid(text.trimEnd())).toBeDefined();
    }
  });

  test("recipes can be read, and are of all kinds", () => {
    const rows = texts.filter(isRecipe);
    const recipes = rows.map(({ segments }) => readRecipe(segments[1]!.text)!);
    expect(recipes).toHaveLength(40 * GRID_CORPUS.recipes);
    for (const key of Object.keys(recipes[0]!) as (keyof Recipe)[]) {
      expect(new Set(recipes.map((recipe) => recipe[key])).size).toBe(VALUES[key]);
    }
  });
});
