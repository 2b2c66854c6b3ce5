import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Generator } from "../../agent/generator/index.ts";
import { openHome } from "../../agent/home.ts";
import { describeModel } from "../../agent/model.ts";
import { closedBook } from "../../agent/prompts.ts";
import { createRuntime } from "../../agent/runtime.ts";
import { DEFAULT_SETTINGS } from "../../agent/settings.ts";
import { latestEvents } from "../../db/events.ts";
import { closeDatabase, openDatabase } from "../../db/open.ts";
import { Backend } from "../../trainer/ggml/backend.ts";
import { Trainer, type TrainJob } from "../../trainer/index.ts";
import { loadModel } from "../../trainer/model/load.ts";
import { ModelTokenizer } from "../../trainer/process/tokenizer.ts";
import { deviceBytes, estimateJob } from "../../trainer/training/job-memory.ts";
import { MODEL, missing } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

/** The processes' memory can only be looked at on Linux. */
const impossible = missing !== undefined || process.platform !== "linux";
const MB = 1e6;
/** What the test's own process may grow by while it runs. */
const SLACK = 80 * MB;

const root = mkdtempSync(join(tmpdir(), "selkie-memory-"));
const home = openHome(root);
const db = openDatabase(home.database);
afterAll(() => {
  closeDatabase(db);
  rmSync(root, { recursive: true, force: true });
});

/** The learner's two processes, within a limit; what is started is kept to look at. */
function runtimeWithin(memoryLimit?: number) {
  const trainers: Trainer[] = [];
  const generators: Generator[] = [];
  const limit = memoryLimit === undefined ? {} : { memoryLimit };
  const runtime = createRuntime({
    db,
    home,
    model: describeModel(MODEL, true),
    settings: DEFAULT_SETTINGS,
    startTrainer: async ({ path }) => {
      const trainer = await Trainer.start({ model: path, backend: "cpu", ...limit });
      trainers.push(trainer);
      return trainer;
    },
    startGenerator: async ({ path }) => {
      const generator = await Generator.start({ model: path, backend: "cpu", ...limit });
      generators.push(generator);
      return generator;
    },
  });
  return { runtime, trainers, generators };
}

function resident(pid: number | undefined): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

const question = {
  prompt: closedBook("When was the Vermkar Light built?"),
  maxTokens: 20,
  temperature: 0,
  stop: ["\n"],
};

/** One step in one graph of so many tokens. */
function job(tokens: number, out: string): TrainJob {
  const text = " seven ships".repeat(20);
  const row = { segments: [{ text, loss: true }], end: false };
  return {
    // 61 tokens each.
    rows: Array.from({ length: Math.floor(tokens / 61) }, () => row),
    lora: { rank: 8, alpha: 16, targets: ["attn_q"] },
    options: {
      epochs: 1,
      learningRate: 1e-4,
      batchTokens: tokens,
      microBatchTokens: tokens,
      weightDecay: 0,
      seed: 1,
    },
    out,
  };
}

/** What a job of so many tokens takes beside the model. */
async function estimate(tokens: number): Promise<number> {
  const loaded = await loadModel(Backend.open("cpu", 1), MODEL);
  const tokenizer = await ModelTokenizer.open(MODEL);
  const work = job(tokens, "");
  const rows = work.rows.map((row) => tokenizer.row(row));
  const memory = await estimateJob(loaded, { ...work, rows });
  loaded.free();
  return deviceBytes(memory);
}

describe.skipIf(impossible)("the two processes of the embedded model", () => {
  test("share the memory: chat is parked for a job that needs it, and answers afterwards", async () => {
    const perToken = (await estimate(8000)) / 8000;
    // How much they take while both are there, and with it how much a job must need.
    const free = runtimeWithin();
    const [generator] = await Promise.all([
      free.runtime.context.generator(),
      free.runtime.context.trainer(),
    ]);
    const [answer] = await generator.generate([question]);
    const chat = resident(free.generators[0]!.pid);
    const both = resident(process.pid) + chat + resident(free.trainers[0]!.pid);
    await free.runtime.close();
    expect(latestEvents(db)).toEqual([]);

    const limit = both + SLACK;
    const { runtime, trainers, generators } = runtimeWithin(limit);
    const writer = await runtime.context.generator();
    const trainer = await runtime.context.trainer();
    expect(await writer.generate([question])).toEqual([answer!]);
    const small = await trainer.train(job(64, join(root, "small.gguf")));
    expect(small.steps).toBeGreaterThan(0);
    expect(generators.map(({ pid }) => pid !== undefined)).toEqual([true]);

    // Too much beside the chat model, and not too much without it.
    const wanted = SLACK + chat / 2;
    const tokens = Math.round(wanted / perToken);
    const training = trainer.train(job(tokens, join(root, "large.gguf")));
    while (generators[0]!.pid !== undefined) await Bun.sleep(5);
    const order: string[] = [];
    const asked = writer.generate([question]).then(([text]) => order.push(text!));
    const result = await training.then((it) => {
      order.push("trained");
      return it;
    });
    await asked;
    expect(result.steps).toBe(1);
    expect(order).toEqual(["trained", answer!]);
    expect(trainers).toHaveLength(1);
    expect(generators).toHaveLength(2);
    expect(latestEvents(db).map(({ message }) => message)).toEqual([
      "The chat model is in memory again.",
      expect.stringContaining("the chat model is closed for now"),
    ]);

    const error = await trainer.train(job(100 * tokens, join(root, "no.gguf"))).catch((e) => e);
    expect(error.code).toBe("not-enough-memory");
    expect(error.message).toMatch(/lower microBatchTokens to 64/);
    expect(await writer.generate([question])).toEqual([answer!]);
    await runtime.close();
  });
});
