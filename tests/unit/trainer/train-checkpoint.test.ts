import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { Trainer } from "../../../trainer/index.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { type TokenJob, trainAdapter } from "../../../trainer/training/train.ts";
import type { TrainJob, TrainProgress } from "../../../trainer/types.ts";
import { SMALL, VOCABULARY, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { cpu, failure, jobOn, PASSAGE, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("checkpoint");
let loaded: LoadedModel;
let files = 0;
const newFile = (): string => file(`adapter-${++files}.gguf`);

beforeAll(async () => {
  writeRandomModel(file("base.gguf"));
  loaded = await loadModel(cpu(), file("base.gguf"));
});
afterAll(() => {
  loaded.free();
  remove();
});

const rows = [1, 2, 3, 4, 5, 6].map((seed) => ({
  ...randomRow(12 + seed, seed, VOCABULARY),
  ...(seed === 2 && { kl: 1 }),
}));
const base = jobOn("").options;
/** Everything that has a state or draws random numbers. */
const OPTIONS: TokenJob["options"] = {
  ...base,
  epochs: 4,
  batchTokens: 40,
  weightDecay: 0.01,
  microBatchTokens: 20,
  schedule: { kind: "cosine", warmupSteps: 3 },
  clipNorm: 1,
  rateRatio: 4,
  dropout: 0.2,
  order: "hardest",
  skipLearned: { below: 5, epochs: 1 },
};
const jobWith = (out: string, change: Partial<TokenJob> = {}): TokenJob =>
  jobOn(out, { rows, options: OPTIONS, checkpoint: { everySteps: 1 }, ...change });
const checkpointOf = (out: string): string => `${out}.checkpoint`;

/** Runs a job and stops it after some steps. */
async function interrupt(job: TokenJob, after: number, on = loaded) {
  let steps = 0;
  return failure(() =>
    trainAdapter(on, job, { onProgress: () => steps++, cancelled: () => steps === after }),
  );
}

describe("a job that goes on from its checkpoint", () => {
  test("gives the adapter of an uninterrupted one, bit for bit", async () => {
    const whole = await trainAdapter(loaded, jobWith(newFile(), { checkpoint: undefined }));
    expect(whole.steps).toBeGreaterThan(8);
    expect(whole.resumedFrom).toBeUndefined();
    for (const after of [1, 5, whole.steps - 1]) {
      const out = newFile();
      const job = jobWith(out, { onStop: "checkpoint" });
      const error = await interrupt(job, after);
      expect(error.code).toBe("cancelled");
      expect(error.message).toStartWith(`Training was cancelled at step ${after} of`);
      expect(error.message).toEndWith(`The same job goes on from ${checkpointOf(out)}.`);
      expect(existsSync(out)).toBe(false);
      const seen: TrainProgress[] = [];
      const rest = await trainAdapter(loaded, job, { onProgress: (p) => seen.push(p) });
      expect(rest.sha256).toBe(whole.sha256);
      expect(rest).toMatchObject({
        resumedFrom: after,
        steps: whole.steps,
        losses: whole.losses,
        tokens: whole.tokens,
        supervisedTokens: whole.supervisedTokens,
        stepsSaved: whole.stepsSaved,
      });
      expect(seen.map((p) => p.step)).toEqual(
        Array.from({ length: whole.steps - after }, (_, i) => after + 1 + i),
      );
      expect(existsSync(checkpointOf(out))).toBe(false);
    }
  });

  test("also from an adapter that it continues", async () => {
    const { path: from } = await trainAdapter(loaded, jobOn(newFile()));
    const whole = await trainAdapter(loaded, jobWith(newFile(), { from, checkpoint: undefined }));
    const job = jobWith(newFile(), { from, onStop: "checkpoint" });
    await interrupt(job, 3);
    expect((await trainAdapter(loaded, job)).sha256).toBe(whole.sha256);
  });

  test("before its first step there is nothing to save", async () => {
    const out = newFile();
    const error = await interrupt(jobWith(out, { onStop: "checkpoint" }), 0);
    expect(error.message).toMatch(/^Training was cancelled at step 0 of \d+\.$/);
    expect(existsSync(checkpointOf(out))).toBe(false);
  });

  test("saves every so many steps, and under a name of choice", async () => {
    const out = newFile();
    const path = file("chosen.checkpoint");
    const job = jobWith(out, { checkpoint: { path, everySteps: 3 } });
    const saved: boolean[] = [];
    const cancelled = (): boolean => {
      saved.push(existsSync(path));
      return false;
    };
    await trainAdapter(loaded, job, { cancelled });
    const first = saved.indexOf(true);
    expect(first).toBeGreaterThan(3);
    expect(saved.slice(first).every(Boolean)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  test("saves every so many seconds", async () => {
    const job = jobWith(newFile(), { checkpoint: { everySeconds: 1e-6 } });
    let steps = 0;
    let saved = false;
    await trainAdapter(loaded, job, {
      onProgress: () => steps++,
      cancelled: () => {
        saved ||= steps === 1 && existsSync(checkpointOf(job.out));
        return false;
      },
    });
    expect(saved).toBe(true);
  });
});

describe("a checkpoint of another job is refused, and stays", () => {
  const begun = async (): Promise<string> => {
    const out = newFile();
    await interrupt(jobWith(out, { onStop: "checkpoint" }), 3);
    return out;
  };

  const cases: [string, Partial<TokenJob>, string][] = [
    ["rows", { rows: rows.slice(1) }, "other rows"],
    ["a weight", { rows: rows.map((row) => ({ ...row, weight: 0.5 })) }, "other rows"],
    ["options", { options: { ...OPTIONS, learningRate: 0.02 } }, "other training options"],
    ["LoRA", { lora: { ...jobOn("").lora, alpha: 16 } }, "other LoRA options"],
    [
      "several",
      { rows: rows.slice(1), options: { ...OPTIONS, seed: 9 } },
      "other rows, other training options",
    ],
  ];
  for (const [name, change, words] of cases) {
    test(name, async () => {
      const out = await begun();
      const error = await failure(() => trainAdapter(loaded, jobWith(out, change)));
      expect(error.code).toBe("checkpoint-mismatch");
      expect(error.message).toBe(
        `${checkpointOf(out)} is the checkpoint of a job with ${words}. Delete it to begin anew, or choose another name.`,
      );
      expect(existsSync(checkpointOf(out))).toBe(true);
    });
  }

  test("the base model", async () => {
    const out = await begun();
    writeRandomModel(file("other.gguf"), SMALL, 2);
    const other = await loadModel(cpu(), file("other.gguf"));
    const error = await failure(() => trainAdapter(other, jobWith(out)));
    expect(error.code).toBe("checkpoint-mismatch");
    expect(error.message).toInclude("a job with other base model.");
    other.free();
  });

  test("files that are none, or damaged", async () => {
    const out = await begun();
    const path = checkpointOf(out);
    const { path: adapter } = await trainAdapter(loaded, jobOn(newFile()));
    const whole = readFileSync(path);
    const damage: (() => void)[] = [
      () => writeFileSync(path, "no checkpoint"),
      () => truncateSync(path, whole.length - 100),
      () => writeFileSync(path, readFileSync(adapter)),
      () => writeFileSync(path, flipped(whole, whole.length - 100)),
      () => writeFileSync(path, flipped(whole, whole.indexOf('"epoch":') + '"epoch":'.length)),
    ];
    for (const make of damage) {
      writeFileSync(path, whole);
      make();
      const error = await failure(() => trainAdapter(loaded, jobWith(out)));
      expect(error.code).toBe("checkpoint-mismatch");
      expect(error.message).toStartWith(path);
      expect(error.message).toMatch(SENTENCE);
    }
    writeFileSync(path, whole);
    expect((await trainAdapter(loaded, jobWith(out))).resumedFrom).toBe(3);
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1;
  return copy;
}

test("two jobs cannot share a checkpoint", async () => {
  const checkpoint = { path: file("shared.checkpoint"), everySteps: 1 };
  const others: Promise<{ code: string }>[] = [];
  await trainAdapter(loaded, jobWith(newFile(), { checkpoint }), {
    onProgress: ({ step }) => {
      if (step !== 2) return;
      others.push(failure(() => trainAdapter(loaded, jobWith(newFile(), { checkpoint }))));
    },
  });
  expect((await Promise.all(others)).map(({ code }) => code)).toEqual(["output-busy"]);
  // It is free again.
  await trainAdapter(loaded, jobWith(newFile(), { checkpoint }));
});

describe("a stop", () => {
  test("discards the checkpoint with the job", async () => {
    const out = newFile();
    const error = await interrupt(jobWith(out), 3);
    expect(error.message).toMatch(/^Training was cancelled at step 3 of \d+\.$/);
    expect(readdirSync(dirname(out)).filter((name) => name.startsWith(basename(out)))).toEqual([]);
  });

  test("can keep the adapter as it is", async () => {
    const out = newFile();
    let steps = 0;
    const options = { ...base, epochs: 100 };
    const kept = await trainAdapter(loaded, jobWith(out, { options, onStop: "keep" }), {
      onProgress: () => steps++,
      cancelled: () => steps === 3,
    });
    expect(kept).toMatchObject({ ended: "stopped", steps: 3 });
    expect(kept.losses).toHaveLength(3);
    const three = { ...options, epochs: 1 };
    const short = await trainAdapter(loaded, jobOn(newFile(), { rows, options: three }));
    expect(kept.losses.slice(0, short.steps)).toEqual(short.losses);
    expect(statSync(out).size).toBe(statSync(short.path).size);
    expect(existsSync(checkpointOf(out))).toBe(false);
  });

  test("acts between the graphs of a step", async () => {
    let asked = 0;
    let steps = 0;
    const options = { ...base, microBatchTokens: 1 };
    const error = await failure(() =>
      trainAdapter(loaded, jobOn(newFile(), { rows, options }), {
        onProgress: () => steps++,
        cancelled: () => ++asked === 5,
      }),
    );
    expect(error.code).toBe("cancelled");
    expect(steps).toBe(0);
  });

  test("a job that diverges leaves no checkpoint to diverge again from", async () => {
    const out = newFile();
    const options = { ...base, learningRate: 1 };
    const lora = { ...jobOn("").lora, alpha: 1e20 };
    const error = await failure(() => trainAdapter(loaded, jobWith(out, { options, lora })));
    expect(error.code).toBe("diverged");
    expect(existsSync(checkpointOf(out))).toBe(false);
  });
});

describe("in a process of its own", () => {
  const start = (): Promise<Trainer> =>
    Trainer.start({ model: file("base.gguf"), backend: "cpu", threads: 1 });
  const job = (out: string, checkpoint?: TrainJob["checkpoint"]): TrainJob => ({
    rows: [
      { segments: [{ text: PASSAGE, loss: true }], end: true },
      { segments: [{ text: "Mira Tolland sailed.", loss: true }], end: true, kl: 0.5 },
    ],
    lora: jobOn("").lora,
    options: { ...OPTIONS, epochs: 20, skipLearned: undefined },
    out,
    checkpoint,
  });

  test("killed at any moment, a job goes on to the same adapter", async () => {
    const whole = await start();
    const expected = await whole.train(job(newFile()));
    await whole.close();
    const out = newFile();
    for (const last of [3, 17]) {
      const mortal = await start();
      const error = await failure(() =>
        mortal.train(job(out, { everySteps: 2 }), {
          onProgress: ({ step }) => {
            if (step >= last) process.kill(mortal.pid, "SIGKILL");
          },
        }),
      );
      expect(error.code).toBe("child-died");
      expect(existsSync(out)).toBe(false);
      await mortal.close();
    }
    const heir = await start();
    const result = await heir.train(job(out, { everySteps: 2 }));
    await heir.close();
    expect(result.resumedFrom!).toBeGreaterThanOrEqual(16);
    expect(result.sha256).toBe(expected.sha256);
    expect(result.losses).toEqual(expected.losses);
    // What the dead left under temporary names is gone, too.
    expect(readdirSync(dirname(out)).filter((name) => name.startsWith(basename(out)))).toEqual([
      basename(out),
    ]);
  });

  const FULL = join(import.meta.dir, "full-disk.ts");
  test.skipIf(process.platform === "win32")("a full disk ends it with one error", async () => {
    for (const [kilobytes, what] of [
      [24, "adapter"],
      [64, "checkpoint"],
    ] as const) {
      const out = file(`full-${what}/adapter.gguf`);
      const run = `mkdir "$(dirname "$2")" && trap '' XFSZ && ulimit -f ${kilobytes} && exec "$0" "$1" "$3" "$2" ${what}`;
      const child = Bun.spawn(["bash", "-c", run, process.execPath, FULL, out, file("base.gguf")], {
        stdout: "pipe",
        stderr: "pipe",
      });
      const said = await new Response(child.stdout).text();
      expect(await child.exited).toBe(0);
      const path = what === "adapter" ? out : checkpointOf(out);
      expect(said).toStartWith(`write-failed: ${path} could not be written: the file is larger`);
      expect(readdirSync(dirname(out))).toEqual([]);
    }
  });
});
