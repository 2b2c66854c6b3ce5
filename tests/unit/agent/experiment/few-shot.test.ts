import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ExperimentDataError } from "../../../../agent/experiment/data.ts";
import {
  allRecipes,
  type FewShotConfig,
  searchedRecipes,
} from "../../../../agent/experiment/few-shot/config.ts";
import { readTasks } from "../../../../agent/experiment/few-shot/data.ts";
import { type FewShotRequest, runFewShot } from "../../../../agent/experiment/few-shot/index.ts";
import { reportFewShot, taskResults } from "../../../../agent/experiment/few-shot/report.ts";
import { Generator } from "../../../../agent/generator/index.ts";
import { openHome } from "../../../../agent/home.ts";
import { Lengths } from "../../../../agent/skills/lengths.ts";
import type { Recipe } from "../../../../agent/skills/recipe.ts";
import { parseTask } from "../../../../agent/skills/task.ts";
import { planTraining } from "../../../../agent/skills/training.ts";
import { writeRecipes } from "../../../../agent/skills/write.ts";
import { closeDatabase, openDatabase } from "../../../../db/open.ts";
import { allTaskRecipes, listTaskUpdates } from "../../../../db/tasks.ts";
import { Trainer } from "../../../../trainer/index.ts";
import { LORA_TARGETS } from "../../../../trainer/types.ts";
import { writeRandomModel } from "../../../support/random-model.ts";
import { scratch } from "../../trainer/fixture.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const files = scratch("few-shot");
const MODEL = files.file("model.gguf");
const home = openHome(files.file("home"));
const db = openDatabase(home.database);
const signal = new AbortController().signal;
let trainer: Trainer;
let generator: Generator;

beforeAll(async () => {
  writeRandomModel(MODEL);
  trainer = await Trainer.start({ model: MODEL, backend: "cpu", threads: 1 });
  generator = await Generator.start({ model: MODEL, backend: "cpu" });
});
afterAll(async () => {
  await Promise.allSettled([trainer.close(), generator.close()]);
  closeDatabase(db);
  files.remove();
});

/** A task whose answer is always the same grid: a model without any knowledge can learn it. */
function constant(colour: number, inputs: number[]) {
  const pair = (input: number) => ({ input: [[input, 0]], output: [[colour, colour]] });
  return { train: inputs.map(pair), test: [pair(9)] };
}

function write(path: string, content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

const CONFIG: FewShotConfig = {
  arms: ["context", "own", "fixed", "seal", "oracle"],
  seeds: [1],
  trainTasks: 2,
  reportTasks: 2,
  rounds: 1,
  recipes: 2,
  samples: 2,
  search: 3,
  views: 3,
  steps: 12,
  lora: { rank: 8, alpha: 16, targets: [...LORA_TARGETS] },
  training: { batchTokens: 256, weightDecay: 0 },
  writer: {
    lora: { rank: 4, alpha: 8, targets: [...LORA_TARGETS] },
    train: { epochs: 1, learningRate: 1e-3, batchTokens: 512, weightDecay: 0, seed: 1 },
  },
};

function request(change: Partial<FewShotRequest> = {}): FewShotRequest {
  return {
    ...{ db, home, signal, machine: {}, config: CONFIG, data: readTasks(files.file("arc")) },
    model: { name: "random", hash: "random" },
    trainer: async () => trainer,
    generator: async () => generator,
    ...change,
  };
}

describe("a folder of tasks", () => {
  test("is read file by file, and what cannot be used is told", () => {
    const folder = files.file("mixed");
    write(join(folder, "a.json"), constant(1, [1, 2]));
    write(join(folder, "b.json"), constant(1, [1]));
    write(join(folder, "c.json"), "{");
    write(join(folder, "d.txt"), "red\n>\nRED\n\nblue\n>\nBLUE\n\npink");
    write(join(folder, "notes.md"), "not a task");
    const { tasks, problems } = readTasks(folder);
    expect(tasks.map(({ name, format }) => `${name} ${format}`)).toEqual(["a grid", "d text"]);
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining("b.json: The task has one example"),
      expect.stringContaining("c.json is no JSON"),
    ]);
  });

  test("that is not there or has none is refused", () => {
    const empty = files.file("empty");
    mkdirSync(empty);
    expect(() => readTasks(empty)).toThrow(ExperimentDataError);
    expect(() => readTasks(files.file("nowhere"))).toThrow("cannot be read");
  });
});

test("there are as many recipes as choices, and a search has different ones", () => {
  expect(allRecipes()).toHaveLength(16 * 2 * 5 * 4);
  const searched = searchedRecipes({ search: 100 });
  expect(new Set(searched.map((it) => JSON.stringify(it))).size).toBe(100);
  expect(searchedRecipes({ search: 5 })).toEqual(searched.slice(0, 5));
});

describe("a recipe", () => {
  const task = parseTask(constant(5, [1, 2, 3]));
  const recipe: Recipe = {
    ...{ basic: true, size: false, chain: false, repeat: false },
    loss: "all",
    rate: 0.01,
    epochs: 8,
  };

  test("is cut to the step budget, in epochs first, and says so", async () => {
    const plan = (maxTokens: number) => planTraining(trainer, task, recipe, { seed: 1, maxTokens });
    const all = await plan(1e6);
    expect(all).toMatchObject({ epochs: 8, bounded: false, unreadable: 0 });
    const texts = all.rows.map(({ segments }) => segments.map((it) => it.text).join(""));
    const tokens = (await trainer.countTokens(texts)).reduce((sum, n) => sum + n, 0);
    const half = await plan(4 * tokens);
    expect(half.epochs).toBe(4);
    expect(half.rows).toEqual(all.rows);
    expect(half.bounded).toBeTrue();
    const part = await plan(tokens / 2);
    expect(part.epochs).toBe(1);
    expect(part.rows).toEqual(all.rows.slice(0, part.rows.length));
    expect(part.rows.length).toBeLessThan(all.rows.length);
    expect(part.bounded).toBeTrue();
    expect((await plan(1)).rows).toHaveLength(1);
  });

  test("has shorter rows where the model cannot read all examples, and none where it reads no two", async () => {
    const long = (digit: string) => ({ input: digit.repeat(90), output: digit.repeat(90) });
    const train = ["1", "2", "3", "4", "5"].map(long);
    const plain = { ...recipe, basic: false, epochs: 1 as const };
    const options = { seed: 1, maxTokens: 1e6 };
    const plan = await planTraining(trainer, { format: "text", train }, plain, options);
    expect(plan.unreadable).toBe(0);
    const pairs = plan.rows.map(({ segments }) => segments.length / 2);
    expect(new Set(pairs)).toEqual(new Set([2]));
    const huge = train.map(({ input, output }) => ({ input, output: output.repeat(3) }));
    const none = await planTraining(trainer, { format: "text", train: huge }, plain, options);
    expect(none.rows).toEqual([]);
    expect(none.unreadable).toBe(5 + 20);
    const lengths = await Lengths.of(trainer, train);
    expect(lengths.last(train, 0)).toEqual(train.slice(-2));
  });

  test("is always one of the schema's when a grammar writes it, even with random weights", async () => {
    const models = { trainer, generator };
    const written = await writeRecipes(models, task, { count: 6, seed: 1, signal });
    const valid = written.filter(({ recipe }) => recipe !== undefined);
    // What is none was cut off among white space.
    expect(valid.length).toBeGreaterThan(0);
    for (const { text } of written) expect(text).toStartWith("{");
    const again = await writeRecipes(models, task, { count: 6, seed: 1, signal });
    expect(again).toEqual(written);
    expect(new Set(valid.map(({ text }) => text)).size).toBeGreaterThan(1);
  });
});

describe("an experiment", () => {
  beforeAll(() => {
    for (const [i, colour] of [3, 4, 5].entries()) {
      write(join(files.file("arc"), "training", `${i}.json`), constant(colour, [1, 2, 3 + i]));
    }
    for (const [i, colour] of [6, 7].entries()) {
      write(join(files.file("arc"), "evaluation", `e${i}.json`), constant(colour, [1, 2]));
    }
  });

  test("compares every arm, goes on where it was stopped, and learns nothing twice", async () => {
    const stop = new AbortController();
    const stopped = runFewShot(
      request({
        signal: stop.signal,
        onProgress: ({ phase }) => {
          if (phase.startsWith("task 1")) stop.abort(new Error("enough"));
        },
      }),
    );
    expect(stopped).rejects.toThrow("enough");
    await stopped.catch(() => {});
    const before = listTaskUpdates(db, 1);
    expect(before.length).toBeGreaterThan(0);

    const lines: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      lines.push(done / total);
    };
    const experiment = await runFewShot(request({ onProgress }));
    expect(experiment.id).toBe(1);
    expect(experiment.finishedAt).not.toBeNull();
    expect(lines.at(-1)).toBe(1);
    const after = listTaskUpdates(db, 1);
    expect(after.slice(0, before.length)).toEqual(before);
    const keys = after.map(({ taskId, key, seed }) => `${taskId} ${key} ${seed}`);
    expect(new Set(keys).size).toBe(keys.length);

    const report = reportFewShot(db, 1)!;
    expect(report.tasks).toEqual({ report: 2, reported: 2, train: 2 });
    const seal = report.rounds.length > 0;
    expect(report.arms.map(({ arm }) => arm)).toEqual(
      CONFIG.arms.filter((arm) => arm !== "seal" || seal),
    );
    const [context] = report.arms;
    expect(context).toMatchObject({ tasks: 2, trained: 0, steps: null, invalid: 0 });
    expect(context!.solved.mean).toBe(0);
    const written = allTaskRecipes(db, 1).filter(({ writer }) => writer === "own");
    expect(written).toHaveLength(2 * CONFIG.recipes + 2 * CONFIG.samples);
    expect(report.search).toHaveLength(CONFIG.search);
    expect(taskResults(db, 1).filter(({ arm }) => arm === "own")).toHaveLength(4);
    // Every adapter that was tried is forgotten; the writer's is kept.
    expect(readdirSync(home.adapters).filter((it) => it.endsWith(".gguf"))).toHaveLength(
      report.rounds.length,
    );
    expect(existsSync(join(home.adapters, "experiments", String(process.pid)))).toBeFalse();

    const same = await runFewShot(request());
    expect(same).toEqual(experiment);
    expect(listTaskUpdates(db, 1)).toHaveLength(after.length);
  });

  test("finds that training at test time solves what the context does not", async () => {
    const folder = files.file("texts");
    const lines = ["red", "blue", "pink", "grey"].map((it) => `${it}\n>\nno\n`);
    write(join(folder, "training", "no.txt"), [...lines, "teal"].join("\n"));
    write(join(folder, "evaluation", "no.json"), {
      train: ["red", "blue", "pink", "grey"].map((input) => ({ input, output: "no" })),
      test: [{ input: "teal", output: "no" }],
    });
    const config: FewShotConfig = {
      ...CONFIG,
      ...{ arms: ["context", "oracle"], trainTasks: 0, reportTasks: 1, search: 6, steps: 200 },
      training: { batchTokens: 64, weightDecay: 0 },
    };
    const { id, problems } = await runFewShot(request({ config, data: readTasks(folder) }));
    expect(problems).toEqual([{ problem: "no has a test without its output" }]);
    const { arms, secondsPerRecipe } = reportFewShot(db, id)!;
    const [context, oracle] = arms;
    expect(context).toMatchObject({ arm: "context", solved: { mean: 0 }, exact: { mean: 0 } });
    expect(oracle).toMatchObject({ arm: "oracle", solved: { mean: 1 }, exact: { mean: 1 } });
    expect(oracle!.logprob.mean).toBeGreaterThan(context!.logprob.mean);
    expect(secondsPerRecipe!.all).toBeGreaterThanOrEqual(secondsPerRecipe!.training);
  });

  test("ends where its time is up, and says when there are too few tasks", async () => {
    const config = { ...CONFIG, seeds: [7] };
    const late = await runFewShot(request({ config, limitMs: 0 }));
    expect(late.finishedAt).toBeNull();
    const more = { ...CONFIG, reportTasks: 3 };
    expect(runFewShot(request({ config: more }))).rejects.toThrow(
      "arc has 2 tasks for the report, and 3 are wanted",
    );
  });
});
