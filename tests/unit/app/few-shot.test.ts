import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFewShot } from "../../../app/experiment/few-shot/options.ts";
import { addExperiment } from "../../../db/experiments.ts";
import type { Database } from "../../../db/open.ts";
import {
  addExperimentTasks,
  addTaskArms,
  addTaskRecipes,
  addTaskUpdate,
  listExperimentTasks,
  savePredictions,
} from "../../../db/tasks.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";
import { writeRandomModel } from "../../support/random-model.ts";
import { scratch } from "../trainer/fixture.ts";

setDefaultTimeout(60_000);

const HOSTILE = `<script>alert("x")</script>`;
const RECIPE = {
  ...{ basic: true, size: false, chain: false, repeat: false },
  ...{ loss: "output", rate: 0.001, epochs: 4 },
};
const ARMS = ["context", "own", "seal"] as const;

/** Two tasks under three arms: one more is solved in each, the last one with the second attempt. */
function fill(db: Database): void {
  const { id: experimentId } = addExperiment(
    db,
    {
      ...{ kind: "few-shot", key: "one", model: HOSTILE, modelHash: "m", data: HOSTILE },
      ...{ dataHash: "d", machine: {}, problems: [{ problem: `${HOSTILE} is empty` }] },
      config: { arms: ARMS, seeds: [1], rounds: 2, search: 4, views: 8, steps: 64 },
    },
    [],
  );
  const train = [{ input: "1", output: "2" }];
  addExperimentTasks(
    db,
    experimentId,
    ["a", "b"].map((key) => {
      const test = [{ input: key, output: "right" }];
      return { key, name: `${HOSTILE} ${key}`, format: "text", train, test, role: "report" };
    }),
  );
  const tasks = listExperimentTasks(db, experimentId);
  for (const [i, { id: taskId }] of tasks.entries()) {
    const writer = { experimentId, taskId, seed: 1, writer: "own" };
    addTaskRecipes(db, [
      { ...writer, ordinal: 0, text: "{}", recipe: RECIPE },
      { ...writer, ordinal: 1, text: "{", recipe: null },
    ]);
    ARMS.forEach((arm, solved) => {
      const { id: updateId } = addTaskUpdate(db, {
        ...{ experimentId, taskId, seed: 1, key: arm, rows: 3, epochs: 4 },
        ...{ bounded: arm === "seal", unreadable: 0, tokens: 90, supervisedTokens: 30, steps: 10 },
        ...{ firstLoss: 2, lastLoss: 1, diverged: false, seconds: 0.5 },
        recipe: arm === "context" ? null : RECIPE,
        ...{ exact: 0, logprob: solved - 3 },
      });
      const wrong = { test: 0, attempt: 1, output: "wrong", votes: 5, right: false };
      const right = { test: 0, attempt: 2, output: "right", votes: 3, right: true };
      savePredictions(db, updateId, 8, i < solved ? [wrong, right] : [wrong]);
      addTaskArms(db, [{ experimentId, arm, seed: 1, taskId, ordinal: 0, updateId }]);
    });
  }
}

describe("the page of an experiment of few examples", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await openSite(fill);
  });
  afterAll(() => site.close());
  const get = (path: string) => fetch(site.url + path);

  test("has its arms, differences, recipes and what was left out", async () => {
    const html = await (await get("/experiments/1")).text();
    for (const text of [
      ...["Few examples 1", "2 of 2 tasks, 1 seed", "in context", "own recipe, no RL"],
      ...["SEAL, 2 rounds", "50.0% (0.0–100.0)", "100.0% (100.0–100.0)", "+50.0", "8 views"],
      ...["Recipes as they were written", "0.0010", "Paired by task"],
    ]) {
      expect(html).toContain(text);
    }
    expect(html).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; is empty");
    expect(html).not.toContain(HOSTILE);
    expect(await (await get("/experiments")).text()).toContain("Few examples 1");
  });

  test("has a chart, and numbers down to the rows, over the interface, too", async () => {
    const svg = await (await get("/experiments/1/arms.svg?theme=dark")).text();
    expect(Bun.XML.parse(svg)).toHaveProperty("svg");
    expect(svg).toContain("SEAL, 2 rounds");
    const data = (await (await get("/experiments/1.json")).json()) as {
      arms: { arm: string; bounded: number; invalid: number }[];
      writers: object[];
      rows: { arm: string; solved: boolean; first: boolean; recipe: string | null }[];
    };
    expect(data.arms).toMatchObject([
      { arm: "context", trained: 0, invalid: 0, solved: { mean: 0 } },
      { arm: "own", trained: 2, bounded: 0, solved: { mean: 0.5 }, first: { mean: 0 } },
      { arm: "seal", trained: 2, bounded: 2, solved: { mean: 1 }, logprob: { mean: -1 } },
    ]);
    expect(data.writers).toMatchObject([
      { writer: "own", recipes: 4, invalid: 2, different: 1, output: 1, epochs: 4 },
    ]);
    expect(data.rows.filter(({ solved }) => solved)).toHaveLength(3);
    expect(data.rows.some(({ first }) => first)).toBeFalse();
    expect(await (await get("/api/experiments/1")).json()).toEqual(data);
  });
});

describe("selkie experiment few-shot", () => {
  const files = scratch("few-shot-command");
  const home = files.file("home");
  const folder = files.file("tasks");
  const model = files.file("model.gguf");
  beforeAll(() => {
    mkdirSync(folder);
    writeRandomModel(model);
    for (let i = 1; i <= 3; i++) {
      writeFileSync(`${folder}/${i}.txt`, `a\n>\nA\n\nb\n>\nB\n\n`.concat(`c\n>\n${i}\n\n`));
      const pair = (cell: number) => ({ input: [[cell]], output: [[i]] });
      const task = { train: [pair(1), pair(2)], test: [pair(3)] };
      writeFileSync(`${folder}/${i}.json`, JSON.stringify(task));
    }
  });
  afterAll(() => files.remove());
  const selkie = (...args: string[]) =>
    runCli(["experiment", "few-shot", ...args], { cwd: files.file("."), home });

  test("says what it cannot use before a model is loaded", async () => {
    const both = await selkie(folder, "--world-seed", "2");
    expect(both.err).toContain("Give a folder of tasks or --world-seed, not both.");
    const options = {
      ...{ arms: "context", seeds: "1", trainTasks: "1", tasks: "1", rounds: "1", recipes: "1" },
      ...{ samples: "1", search: "1", views: "1", steps: "1", stepTokens: "64", rank: "8" },
      ...{ writerEpochs: "1", writerRate: "1e-3" },
    };
    expect(readFewShot(options)).toMatchObject({ arms: ["context"], lora: { alpha: 16 } });
    expect(() => readFewShot({ ...options, search: "641" })).toThrow(
      "a whole number from 1 to 640",
    );
    expect(() => readFewShot({ ...options, arms: "best" })).toThrow("some of context, own");
  });

  test("runs on a folder, tells what it left out, and writes its files", async () => {
    const out = files.file("out.json");
    const { out: said, code } = await selkie(
      folder,
      ...["--model", model, "--arms", "context", "--seeds", "1", "--train-tasks", "1"],
      ...["--tasks", "2", "--views", "2", "--out", out],
    );
    expect(code).toBe(0);
    for (const text of ["2 of 2 tasks reported", "in context", "Left out (3)", "1.txt: The task"]) {
      expect(said).toContain(text);
    }
    const { rows } = (await Bun.file(out).json()) as { rows: unknown[] };
    expect(rows).toHaveLength(2);
    expect(await Bun.file(files.file("out.svg")).text()).toContain("in context");
  });
});
