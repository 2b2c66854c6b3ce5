import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  LORA_TARGETS,
  Trainer,
  type TrainJob,
  type TrainProgress,
} from "../../../trainer/index.ts";
import { SMALL, VOCABULARY, writeRandomModel } from "../../support/random-model.ts";
import { failure, PASSAGE, SENTENCE, scratch } from "./fixture.ts";

/** Milliseconds that a busy machine may take. */
const SLOW = 120_000;
setDefaultTimeout(SLOW);

const { file, remove } = scratch("child");
const model = file("base.gguf");
/** One block: each step is a few milliseconds, on a busy machine too. */
const SHAPE = { ...SMALL, layers: 1 };
let trainer: Trainer;
let files = 0;

beforeAll(async () => {
  writeRandomModel(model, SHAPE);
  trainer = await start();
}, SLOW);
afterAll(async () => {
  await trainer.close();
  remove();
}, SLOW);

/** One thread: threads that wait for each other are slow on a busy machine. */
const start = (): Promise<Trainer> => Trainer.start({ model, backend: "cpu", threads: 1 });
const newFile = (): string => file(`adapter-${++files}.gguf`);

/** A job on the passage; with many epochs it lasts until somebody ends it. */
const jobOn = (out: string, epochs = 4): TrainJob => ({
  rows: [{ segments: [{ text: PASSAGE, loss: true }], end: true }],
  lora: { rank: 4, alpha: 8, targets: [...LORA_TARGETS] },
  options: { epochs, learningRate: 0.01, batchTokens: 256, weightDecay: 0, seed: 7 },
  out,
});
const ENDLESS = 100_000;

/** A promise of an endless job's second step, and of its end. */
function begin(on: Trainer, out: string, signal?: AbortSignal) {
  const { promise: underWay, resolve } = Promise.withResolvers<void>();
  const onProgress = ({ step }: TrainProgress): void => {
    if (step === 2) resolve();
  };
  const end = failure(() =>
    on.train(jobOn(out, ENDLESS), { onProgress, ...(signal && { signal }) }),
  );
  return { underWay, end };
}

test("says what it has loaded", () => {
  expect(trainer.info).toMatchObject({
    path: model,
    architecture: "llama",
    name: SMALL.name,
    layers: SHAPE.layers,
    width: SMALL.width,
    contextLength: SMALL.contextLength,
    vocabulary: VOCABULARY,
    types: ["f32"],
    transposes: "cached",
    backend: "CPU",
  });
  expect(trainer.info.parameters).toBe(
    VOCABULARY * 64 + 64 + 64 * 2 + 64 * 64 * 2 + 64 * 32 * 2 + 64 * 96 * 3,
  );
  expect(trainer.info.device).not.toBe("");
});

test("counts tokens without begin and end", async () => {
  expect(await trainer.countTokens(["abc", "", "é"])).toEqual([3, 0, 2]);
  expect(await trainer.countTokens([])).toEqual([]);
});

test("trains with progress, and its adapter raises what was trained", async () => {
  const seen: TrainProgress[] = [];
  const out = newFile();
  const result = await trainer.train(jobOn(out), { onProgress: (p) => seen.push(p) });
  expect(result).toMatchObject({ path: out, steps: 4, tokens: 4 * 102, supervisedTokens: 4 * 101 });
  expect(seen.map(({ step, steps, loss }) => ({ step, steps, loss }))).toEqual(
    result.losses.map((loss, i) => ({ step: i + 1, steps: 4, loss })),
  );
  for (const { tokensPerSecond, secondsLeft } of seen) {
    expect(tokensPerSecond).toBeGreaterThan(0);
    expect(secondsLeft).toBeGreaterThanOrEqual(0);
  }
  const pair = { context: PASSAGE.slice(0, 40), answer: PASSAGE.slice(40) };
  const [before] = await trainer.score([pair]);
  const [after] = await trainer.score([pair], { adapter: out });
  expect(after!.logprob).toBeGreaterThan(before!.logprob);
  expect(after!.tokens).toBe(PASSAGE.length - 40 + 1);
  const [open] = await trainer.score([{ ...pair, end: false }]);
  expect(open!.tokens).toBe(PASSAGE.length - 40);
  expect(await trainer.score([pair])).toEqual([before!]);
  expect(await trainer.score([])).toEqual([]);
});

test("two jobs one after the other on one loaded base give the same adapter", async () => {
  const first = await trainer.train(jobOn(newFile()));
  const second = await trainer.train(jobOn(newFile()));
  expect(second.sha256).toBe(first.sha256);
  expect(second.losses).toEqual(first.losses);
});

test("requests made at once are done one after another", async () => {
  const pair = { context: "The ferry", answer: " Halcyon" };
  const [a, score, b] = await Promise.all([
    trainer.train(jobOn(newFile())),
    trainer.score([pair]),
    trainer.train(jobOn(newFile())),
  ]);
  expect(a.sha256).toBe(b.sha256);
  expect(score).toEqual(await trainer.score([pair]));
});

describe("what cannot be done is refused, and the next request served", () => {
  test("a job without rows", async () => {
    const out = newFile();
    const error = await failure(() => trainer.train({ ...jobOn(out), rows: [] }));
    expect(error.code).toBe("invalid-job");
    expect(error.message).toMatch(SENTENCE);
    expect(existsSync(out)).toBe(false);
  });

  test("numbers that JSON does not know", async () => {
    const job = jobOn(newFile());
    for (const learningRate of [Number.POSITIVE_INFINITY, Number.NaN]) {
      const error = await failure(() =>
        trainer.train({ ...job, options: { ...job.options, learningRate } }),
      );
      expect(error.code).toBe("invalid-job");
      expect(error.message).toInclude(`learning rate ${learningRate} is`);
    }
    const alpha = await failure(() =>
      trainer.train({ ...job, lora: { ...job.lora, alpha: Number.POSITIVE_INFINITY } }),
    );
    expect(alpha.message).toBe("LoRA alpha Infinity is not a positive number.");
    const weight = await failure(() =>
      trainer.train({ ...job, rows: [{ ...job.rows[0]!, weight: Number.NaN }] }),
    );
    expect(weight.message).toInclude("row 1 has the weight NaN");
  });

  test("a second job on one output name, waiting or in another process", async () => {
    const out = newFile();
    const controller = new AbortController();
    const running = begin(trainer, out, controller.signal);
    await running.underWay;
    const waiting = await failure(() => trainer.train(jobOn(out)));
    expect(waiting.code).toBe("output-busy");
    expect(waiting.message).toMatch(SENTENCE);
    expect(waiting.message).toInclude(out);
    const script = `
      import { Trainer } from ${JSON.stringify(join(import.meta.dir, "../../../trainer/index.ts"))};
      const trainer = await Trainer.start({ model: process.argv[1], backend: "cpu", threads: 1 });
      await trainer.train(JSON.parse(process.argv[2])).catch((e) => console.log(e.code, e.message));
      await trainer.close();`;
    const cmd = [process.execPath, "-e", script, model, JSON.stringify(jobOn(out))];
    const other = Bun.spawn(cmd, { stdout: "pipe", stderr: "inherit" });
    expect(await new Response(other.stdout).text()).toStartWith(
      `output-busy ${out} is being written by process ${trainer.pid}.`,
    );
    controller.abort();
    expect((await running.end).code).toBe("cancelled");
    expect((await trainer.train(jobOn(out))).path).toBe(out);
  });

  test("an adapter that is none", async () => {
    const path = file("text.gguf");
    writeFileSync(path, "no adapter");
    const pair = { context: "a", answer: "b" };
    const error = await failure(() => trainer.score([pair], { adapter: path }));
    expect(error.code).toBe("adapter-unreadable");
    expect(error.message).toStartWith(path);
    expect(await trainer.score([pair])).toHaveLength(1);
  });

  test("a model that is none", async () => {
    const path = file("text.gguf");
    writeFileSync(path, "no model");
    const error = await failure(() => Trainer.start({ model: path, backend: "cpu" }));
    expect(error.code).toBe("model-unreadable");
    expect(error.message).toStartWith(path);
  });
});

describe("cancellation", () => {
  test("ends a job between steps and leaves no file", async () => {
    const out = newFile();
    const controller = new AbortController();
    const { underWay, end } = begin(trainer, out, controller.signal);
    await underWay;
    controller.abort();
    const error = await end;
    expect(error.code).toBe("cancelled");
    expect(error.message).toMatch(/cancelled at step \d+ of 100000/);
    expect(existsSync(out)).toBe(false);
    expect((await trainer.train(jobOn(out))).steps).toBe(4);
  });

  test("takes effect within a step", async () => {
    // A step of many windows takes far longer than a message.
    const rows = Array.from({ length: 40 }, () => jobOn("").rows[0]!);
    const job = { ...jobOn(newFile(), ENDLESS), rows };
    job.options.batchTokens = 1_000_000;
    const controller = new AbortController();
    let last = 0;
    const error = await failure(() =>
      trainer.train(job, {
        signal: controller.signal,
        onProgress: ({ step }) => {
          last = step;
          if (step === 2) controller.abort();
        },
      }),
    );
    expect(error.code).toBe("cancelled");
    expect(last).toBeLessThanOrEqual(3);
    expect(error.message).toMatch(/at step [23] of/);
  });

  test("of a job that still waits for its turn", async () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const running = begin(trainer, newFile(), one.signal);
    const waiting = begin(trainer, newFile(), two.signal);
    await running.underWay;
    two.abort();
    one.abort();
    expect((await running.end).code).toBe("cancelled");
    expect((await waiting.end).message).toMatch(/step 0 of/);
  });

  test("before it begins", async () => {
    const signal = AbortSignal.abort();
    const error = await failure(() => trainer.train(jobOn(newFile()), { signal }));
    expect(error.code).toBe("cancelled");
  });
});

describe("a child that dies", () => {
  test("takes its requests along, and the parent lives", async () => {
    const mortal = await start();
    const out = newFile();
    const running = begin(mortal, out);
    const waiting = failure(() => mortal.countTokens(["a"]));
    await running.underWay;
    process.kill(mortal.pid, "SIGKILL");
    for (const error of [await running.end, await waiting]) {
      expect(error.code).toBe("child-died");
      expect(error.message).toBe("The process of the model ended unexpectedly (SIGKILL).");
    }
    expect(existsSync(out)).toBe(false);
    expect((await failure(() => mortal.countTokens(["a"]))).code).toBe("child-died");
    await mortal.close();
    expect(await trainer.countTokens(["abc"])).toEqual([3]);
  });

  test("closing ends the requests that are under way", async () => {
    const closed = await start();
    const running = begin(closed, newFile());
    await running.underWay;
    await closed.close();
    expect((await running.end).code).toBe("child-died");
  });
});
