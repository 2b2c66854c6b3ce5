import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { controlGroupFree, systemFree } from "../../../trainer/devices/memory.ts";
import { Trainer } from "../../../trainer/index.ts";
import { emptyAdapter } from "../../../trainer/lora/adapter.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { fitJob, fitModel } from "../../../trainer/process/fit.ts";
import { chooseThreads } from "../../../trainer/process/threads.ts";
import { boundJob, deviceBytes, estimateJob } from "../../../trainer/training/job-memory.ts";
import { AdamW } from "../../../trainer/training/optimizer.ts";
import { Plan } from "../../../trainer/training/plan.ts";
import { StepRunner } from "../../../trainer/training/step.ts";
import type { TokenJob } from "../../../trainer/training/token-job.ts";
import { writeLargeModel } from "../../support/large-model.ts";
import { SMALL, SMALL_OF, VOCABULARY, wide, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { cpu, failure, jobOn, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("memory");
const base = file("base.gguf");
let loaded: LoadedModel;

beforeAll(async () => {
  writeRandomModel(base);
  loaded = await loadModel(cpu(), base);
});
afterAll(() => {
  loaded.free();
  remove();
});

/** Rows of 21 to 110 tokens, of which all but the first five are supervised. */
const rows = Array.from({ length: 24 }, (_, i) => randomRow(21 + ((i * 7) % 90), i, VOCABULARY, 5));
const job = (options: Partial<TokenJob["options"]> = {}, change: Partial<TokenJob> = {}) =>
  jobOn(file("out.gguf"), {
    rows,
    ...change,
    options: { ...jobOn("").options, epochs: 1, batchTokens: 512, ...options },
  });

/** What the steps of a job really take, by the sizes of the buffers that ggml allocates. */
async function realBytes(model: LoadedModel, work: TokenJob) {
  const adapter = emptyAdapter(cpu(), model.model, work.lora);
  for (const t of adapter.tensors.values()) cpu().upload(t, new Float32Array(t.ne[0] * t.ne[1]));
  const optimizer = new AdamW(cpu(), adapter.tensors);
  const runner = await StepRunner.start(model, work, adapter, optimizer, () => {});
  for (const step of new Plan(work).full(1)) await runner.run(0, step, 0.001);
  const bytes = { adapter: adapter.bytes, moments: optimizer.bytes, graph: runner.graphBytes };
  runner.free();
  optimizer.free();
  adapter.free();
  return bytes;
}

describe("the estimate of a job is what it takes", () => {
  const kinds: [string, TokenJob][] = [
    ["in one graph", job()],
    ["in graphs of 128 tokens", job({ microBatchTokens: 128 })],
    ["one row at a time", job({ batchTokens: 1 })],
    ["computed again", job({ recompute: true })],
    ["with dropout and clipping", job({ dropout: 0.1, clipNorm: 1 })],
    ["held to the base", job({}, { rows: rows.map((row) => ({ ...row, kl: 0.5 })) })],
    ["upper layer alone", job({}, { lora: { ...job().lora, layers: [1] } })],
    ["a rank of 16", job({}, { lora: { ...job().lora, rank: 16 } })],
  ];
  test.each(kinds)("%s", async (_, work) => {
    const estimate = await estimateJob(loaded, work);
    const real = await realBytes(loaded, work);
    expect(estimate.adapter).toBe(real.adapter);
    expect(estimate.moments).toBe(real.moments);
    expect(estimate.graph / real.graph).toBeGreaterThan(0.99);
    expect(estimate.graph / real.graph).toBeLessThan(1.1);
    expect(boundJob(loaded, work)).toBeGreaterThan(deviceBytes(estimate));
  });

  test("without kept transposes, for every architecture", async () => {
    for (const [name, { hyper, extras }] of Object.entries(SMALL_OF)) {
      const path = file(`${name}.gguf`);
      writeRandomModel(path, wide(hyper), 1, { ...extras, typeOf: () => 12 });
      const model = await loadModel(cpu(), path, { transposes: "per-layer" });
      const estimate = await estimateJob(model, job());
      const real = await realBytes(model, job());
      expect(estimate.graph / real.graph).toBeGreaterThan(0.99);
      expect(estimate.graph / real.graph).toBeLessThan(1.1);
      expect(boundJob(model, job())).toBeGreaterThan(deviceBytes(estimate));
      model.free();
    }
  });

  test("what is kept of the base's states is in the process", async () => {
    const lora = { ...job().lora, layers: [1] };
    const frozen = await estimateJob(loaded, job({ cacheFrozen: true }, { lora }));
    const tokens = rows.reduce((sum, row) => sum + row.tokens.length, 0);
    expect(frozen.kept).toBe(4 * SMALL.width * tokens);
    expect((await estimateJob(loaded, job())).kept).toBe(0);
  });

  test("a row that is longer than a step decides", async () => {
    const long = [...rows, randomRow(400, 99, VOCABULARY)];
    const work = job({ batchTokens: 200 }, { rows: long });
    const estimate = await estimateJob(loaded, work);
    const real = await realBytes(loaded, work);
    expect(estimate.graph).toBe(real.graph);
  });

  test.skipIf(process.platform !== "linux")("the process's own peak rises by as much", async () => {
    const path = file("larger.gguf");
    writeRandomModel(path, { ...wide(SMALL), layers: 4, feedForward: 1024 });
    const script = join(import.meta.dir, "job-peak.ts");
    const child = Bun.spawn({
      cmd: [process.execPath, script, path, file("peak.gguf")],
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { estimate, real } = JSON.parse(await new Response(child.stdout).text());
    expect(estimate).toBeGreaterThan(100e6);
    expect(estimate / real).toBeGreaterThan(0.9);
    expect(estimate / real).toBeLessThan(1.1);
  });

  test("leaves the model as it was", async () => {
    await estimateJob(loaded, job());
    expect(loaded.model.blocks[0]!.attention.q.lora).toBeUndefined();
  });
});

describe("a job is made to fit", () => {
  const room = (free: number) => ({ free, where: "this machine" });
  const need = async (options: Partial<TokenJob["options"]>) =>
    deviceBytes(await estimateJob(loaded, job(options)));

  test("where there is room, it stays as it is", async () => {
    expect(await fitJob(loaded, job(), room(1e12))).toEqual(job());
    expect(await fitJob(loaded, job(), room(await need({})))).toEqual(job());
  });

  test("where there is less, its graphs become smaller", async () => {
    const fitted = await fitJob(loaded, job(), room((await need({})) - 1));
    expect(fitted.options.microBatchTokens).toBe(256);
    const tight = await fitJob(loaded, job(), room(await need({ microBatchTokens: 64 })));
    expect(tight.options.microBatchTokens).toBe(64);
  });

  test("a step of very many tokens is computed in several graphs", async () => {
    const fitted = await fitJob(loaded, job({ batchTokens: 5000 }), room(1e12));
    expect(fitted.options).toMatchObject({ batchTokens: 5000, microBatchTokens: 2048 });
  });

  test("where nothing helps, it is refused with the figures and the knobs", async () => {
    const least = await need({ microBatchTokens: 64 });
    const error = await failure(() => fitJob(loaded, job(), room(least - 1)));
    expect(error.code).toBe("not-enough-memory");
    expect(error.message).toMatch(/^This job needs [\d.]+ MB of memory, and this machine has/);
    expect(error.message).toMatch(/set recompute \([\d.]+ [kM]B, which fits\)/);
    expect(error.message).toMatch(/lower the rank to 1/);
    expect(error.message).toMatch(SENTENCE);
  });

  test("graphs of more tokens than ggml can plan are cut, whoever asks for them", async () => {
    const many = Array.from({ length: 600 }, (_, i) => rows[i % rows.length]!);
    const work = job({ batchTokens: 40_000, microBatchTokens: 40_000 }, { rows: many });
    const fitted = await fitJob(loaded, work, room(1e12));
    expect(fitted.options).toMatchObject({ batchTokens: 40_000, microBatchTokens: 8192 });
    const estimate = await estimateJob(loaded, fitted);
    expect(estimate.graph).toBeGreaterThan(await need({}));
  });

  test("what the job says itself is not changed", async () => {
    const whole = job({ microBatchTokens: 512 });
    const error = await failure(() => fitJob(loaded, whole, room(1e6)));
    expect(error.message).toMatch(/lower microBatchTokens to 64 \(/);
    expect(error.message).toInclude("1.0 MB free");
  });
});

describe("a model is made to fit", () => {
  const room = (free: number) => ({ free, where: "CUDA0" });

  test("transposes are kept where there is room, made per layer where not", () => {
    const weights = loaded.bytes / 2;
    expect(fitModel(cpu(), base, room(10 * weights))).toEqual({ transposes: "cached" });
    expect(fitModel(cpu(), base, room(2 * weights))).toEqual({ transposes: "per-layer" });
  });

  test("weights that do not fit are refused before they are loaded", async () => {
    const error = await failure(() => fitModel(cpu(), base, room(1000)));
    expect(error.code).toBe("not-enough-memory");
    expect(error.message).toStartWith(`The model ${base} needs`);
    expect(error.message).toInclude("CUDA0 has 1.0 kB free");
    expect(error.message).toMatch(SENTENCE);
  });

  test.skipIf(process.platform !== "linux")(
    "a trainer makes transposes per layer where copies do not fit, and says which it chose",
    async () => {
      const model = file("large.gguf");
      writeLargeModel(model);
      const weights = statSync(model).size;
      // Beside this process and the child, room for the weights and half of the copies.
      const processes = process.memoryUsage.rss() + 100e6;
      for (const [room, transposes] of [
        [1.6 * weights, "per-layer"],
        [6 * weights, "cached"],
      ] as const) {
        const memoryLimit = processes + room;
        const trainer = await Trainer.start({ model, backend: "cpu", threads: 1, memoryLimit });
        expect(trainer.info.transposes).toBe(transposes);
        await trainer.close();
      }
    },
  );

  test("a trainer with too little memory says so", async () => {
    const options = { model: base, backend: "cpu", threads: 1, memoryLimit: 1 } as const;
    const error = await failure(() => Trainer.start(options));
    expect(error.code).toBe("not-enough-memory");
    expect(error.message).toInclude("0 bytes free");
  });
});

describe("free memory", () => {
  const group = (path: string, files: Record<string, string>) => {
    mkdirSync(file(path), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(file(path), name), text);
  };

  test("is what the tightest control group leaves, files that were read given back", () => {
    const stat = "anon 5\ninactive_file 300\nactive_file 7\n";
    group("v2", { "cgroup.procs": "" });
    group("v2/a", { "memory.max": "4000\n", "memory.current": "1500\n", "memory.stat": stat });
    group("v2/a/b", { "memory.max": "max\n", "memory.current": "900\n" });
    writeFileSync(file("membership"), "0::/a/b\n");
    expect(controlGroupFree(file("membership"), file("v2"))).toBe(2800);
    group("v2/a/b", { "memory.max": "1000\n" });
    expect(controlGroupFree(file("membership"), file("v2"))).toBe(100);
  });

  test("of version 1, too", () => {
    group("v1/memory/x", {
      "memory.limit_in_bytes": "1000\n",
      "memory.usage_in_bytes": "600\n",
      "memory.stat": "total_inactive_file 50\n",
    });
    group("v1/memory", { "memory.limit_in_bytes": "9223372036854771712\n" });
    writeFileSync(file("old"), "9:cpu:/x\n8:memory:/x\n");
    expect(controlGroupFree(file("old"), file("v1"))).toBe(450);
  });

  test("has no bound where there are none", () => {
    expect(controlGroupFree(file("nothing"), file("nowhere"))).toBe(Number.POSITIVE_INFINITY);
  });

  test("is lowered by a limit, and never below zero", () => {
    const free = systemFree();
    expect(free).toBeGreaterThan(0);
    expect(systemFree(2 ** 60)).toBeLessThan(2 * free);
    expect(systemFree(1)).toBe(0);
  });
});

test("threads follow the model's size, the cores and who uses them", () => {
  expect(chooseThreads(14e6, 16, 0)).toBe(1);
  expect(chooseThreads(1e9, 2, 0)).toBe(2);
  expect(chooseThreads(1e9, 2, 1.2)).toBe(1);
  expect(chooseThreads(1e9, 2, 9)).toBe(1);
  expect(chooseThreads(1e9, 16, 0.3)).toBe(8);
  expect(chooseThreads(1e9, 16, 12)).toBe(4);
});
