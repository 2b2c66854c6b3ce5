import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { readAdapter } from "../../../trainer/lora/adapter.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import type { TokenRow } from "../../../trainer/model/packing.ts";
import { scoreRows } from "../../../trainer/scoring/score.ts";
import { LossGuard } from "../../../trainer/training/guard.ts";
import { rateFactor, type Schedule } from "../../../trainer/training/schedule.ts";
import { type TokenJob, trainAdapter } from "../../../trainer/training/train.ts";
import type { LoraOptions, TrainOptions, TrainProgress } from "../../../trainer/types.ts";
import { SMALL, VOCABULARY, writeRandomModel } from "../../support/random-model.ts";
import { byteRow, randomRow } from "../../support/rows.ts";
import { cpu, failure, jobOn, PASSAGE, relativeDifference, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("train-options");
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

const ROWS = [1, 2, 3, 4, 5].map((seed) => randomRow(14 + seed, seed, VOCABULARY, seed));
const base = jobOn("").options;

/** Trains the rows by some options. */
async function train(
  options: Partial<TrainOptions> = {},
  change: Partial<TokenJob> & { lora?: LoraOptions } = {},
) {
  const progress: TrainProgress[] = [];
  const job = jobOn(newFile(), { rows: ROWS, ...change, options: { ...base, ...options } });
  const result = await trainAdapter(loaded, job, { onProgress: (p) => progress.push(p) });
  return { ...result, progress };
}

/** All weights of an adapter, one after the other. */
function weights(path: string): Float32Array {
  const adapter = readAdapter(cpu(), loaded.model, path);
  const all = [...adapter.tensors.values()].flatMap((t) => [...cpu().download(t)]);
  adapter.free();
  return Float32Array.from(all);
}

describe("gradient accumulation", () => {
  test("several graphs give the step of one", async () => {
    const whole = await train();
    for (const microBatchTokens of [1, 40]) {
      const parts = await train({ microBatchTokens });
      expect(parts.steps).toBe(whole.steps);
      parts.losses.forEach((loss, i) => {
        expect(loss / whole.losses[i]!).toBeCloseTo(1, 5);
      });
      expect(relativeDifference(weights(parts.path), weights(whole.path))).toBeLessThan(1e-3);
    }
  });

  test("also with clipping, weights and KL", async () => {
    const rows = ROWS.map((row, i) => ({ ...row, weight: 1 + i, ...(i % 2 && { kl: 3 }) }));
    const whole = await train({ clipNorm: 0.1 }, { rows });
    const parts = await train({ clipNorm: 0.1, microBatchTokens: 40 }, { rows });
    parts.progress.forEach((p, i) => {
      const q = whole.progress[i]!;
      expect(p.loss / q.loss).toBeCloseTo(1, 4);
      expect(p.gradientNorm! / q.gradientNorm!).toBeCloseTo(1, 3);
      expect(p.kl! - q.kl!).toBeCloseTo(0, 4);
    });
    expect(relativeDifference(weights(parts.path), weights(whole.path))).toBeLessThan(1e-2);
  });

  test("a micro-batch as large as the step changes nothing", async () => {
    const same = await train({ microBatchTokens: base.batchTokens });
    expect(same.sha256).toBe((await train()).sha256);
  });
});

describe("clipping", () => {
  test("the norm is told, and clipping changes the way", async () => {
    const plain = await train();
    const loose = await train({ clipNorm: 1e6 });
    const tight = await train({ clipNorm: 1e-3 });
    expect(plain.progress.every((p) => p.gradientNorm === undefined)).toBe(true);
    expect(loose.progress.every((p) => p.gradientNorm! > 0.01)).toBe(true);
    expect(loose.losses).toEqual(plain.losses);
    expect(tight.progress[0]!.gradientNorm).toBeCloseTo(loose.progress[0]!.gradientNorm!, 6);
    expect(tight.losses[2]).not.toBe(plain.losses[2]);
  });
});

describe("schedule", () => {
  const course = (schedule: Schedule, steps: number): number[] =>
    Array.from({ length: steps }, (_, i) => Number(rateFactor(schedule, i, steps).toFixed(4)));

  test("constant, linear and cosine, with warm-up", () => {
    expect(course({ kind: "constant" }, 3)).toEqual([1, 1, 1]);
    expect(course({ kind: "constant", warmupSteps: 2 }, 4)).toEqual([0.5, 1, 1, 1]);
    expect(course({ kind: "linear" }, 4)).toEqual([1, 0.75, 0.5, 0.25]);
    expect(course({ kind: "linear", warmupShare: 0.5 }, 4)).toEqual([0.5, 1, 1, 0.5]);
    expect(course({ kind: "cosine" }, 4)).toEqual([1, 0.8536, 0.5, 0.1464]);
    expect(course({ kind: "cosine", floor: 0.5 }, 2)).toEqual([1, 0.75]);
    expect(course({ kind: "linear", warmupSteps: 9 }, 3)).toEqual([0.3333, 0.6667, 1]);
  });

  test("decides the rate of each step", async () => {
    const { progress } = await train({ schedule: { kind: "linear", warmupSteps: 2 } });
    expect(progress.map((p) => p.learningRate)).toEqual([0.005, 0.01, 0.01, 0.005]);
  });

  test("a constant one is no schedule", async () => {
    const constant = await train({ schedule: { kind: "constant" } });
    expect(constant.sha256).toBe((await train()).sha256);
  });
});

describe("LoRA", () => {
  const lora = jobOn("").lora;

  test("LoRA+: B learns faster than A", async () => {
    const a = (path: string) => weights(path);
    const plain = await train({ epochs: 1 });
    const plus = await train({ epochs: 1, rateRatio: 16 });
    // In the first step B is zero: A does not move, and B by its rate in the direction of the sign.
    const [x, y] = [a(plain.path), a(plus.path)];
    const ratios = new Set([...x].map((v, i) => (v === y[i] ? 1 : Math.round(y[i]! / v))));
    expect(ratios).toEqual(new Set([1, 16]));
  });

  test("rsLoRA: scaled by alpha / sqrt(rank), in the file too", async () => {
    const rank = 16;
    const rs = await train({}, { lora: { ...lora, rank, alpha: 8, rsLora: true } });
    const same = await train({}, { lora: { ...lora, rank, alpha: 32 } });
    const other = await train({}, { lora: { ...lora, rank, alpha: 8 } });
    expect(rs.losses).toEqual(same.losses);
    expect(rs.sha256).toBe(same.sha256);
    expect(other.losses.at(-1)).not.toBe(rs.losses.at(-1));
    const gguf = GgufFile.open(rs.path);
    expect(gguf.requireNumber("adapter.lora.alpha") / rank).toBe(8 / Math.sqrt(rank));
    gguf.close();
  });

  test("an alpha that float32 rounds can be continued", async () => {
    const odd = { ...lora, rank: 3, alpha: 0.1, rsLora: true };
    const first = await train({ epochs: 1 }, { lora: odd });
    const second = await train({ epochs: 1 }, { lora: odd, from: first.path });
    expect(second.steps).toBe(1);
  });

  test("chosen layers alone are adapted", async () => {
    for (const layers of [[1], { from: 1 }, { from: 1, to: 1 }]) {
      const { path } = await train({ epochs: 1 }, { lora: { ...lora, layers } });
      const gguf = GgufFile.open(path);
      const names = [...gguf.tensors.keys()];
      gguf.close();
      expect(names).toHaveLength(14);
      expect(names.every((name) => name.startsWith("blk.1."))).toBe(true);
    }
  });

  test("keeping what lies below the adapted layers changes nothing but rounding", async () => {
    const upper = { lora: { ...lora, layers: [1] } };
    const whole = await train({ batchTokens: 40 }, upper);
    const kept = await train({ batchTokens: 40, cacheFrozen: true }, upper);
    expect(kept.steps).toBeGreaterThan(4);
    kept.losses.forEach((loss, i) => {
      expect(loss / whole.losses[i]!).toBeCloseTo(1, 5);
    });
    const all = await train({ cacheFrozen: true });
    expect(all.sha256).toBe((await train()).sha256);
  });

  test("an adapter is continued only by a job like its own", async () => {
    const { path } = await train({ epochs: 1 });
    const refused: [LoraOptions, RegExp][] = [
      [{ ...lora, rank: 2 }, /has rank 4; the job asks for rank 2\./],
      [{ ...lora, alpha: 9 }, /has alpha 8; the job asks for alpha 9\./],
      [{ ...lora, rsLora: true }, /has alpha 8; the job asks for alpha 16 \(rsLoRA's 8\)\./],
      [
        { ...lora, layers: [1] },
        /adapts blk\.0\.attn_q, blk\.0\.attn_k, blk\.0\.attn_v and 4 more, which the job leaves out\./,
      ],
    ];
    for (const [change, message] of refused) {
      const error = await failure(() => train({}, { lora: change, from: path }));
      expect(error.code).toBe("adapter-mismatch");
      expect(error.message).toStartWith(path);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(SENTENCE);
    }
    const part = await train({ epochs: 1 }, { lora: { ...lora, targets: ["attn_q"] } });
    const error = await failure(() => train({}, { from: part.path }));
    expect(error.message).toMatch(
      /does not adapt blk\.0\.attn_k.* and 9 more, which the job asks for/,
    );
  });
});

describe("dropout", () => {
  test("makes learning harder by the seed, and is gone afterwards", async () => {
    const rows = [byteRow(PASSAGE)];
    const plain = await train({ epochs: 8 }, { rows });
    const first = await train({ epochs: 8, dropout: 0.5 }, { rows });
    const again = await train({ epochs: 8, dropout: 0.5 }, { rows });
    const other = await train({ epochs: 8, dropout: 0.5, seed: 8 }, { rows });
    expect(again.sha256).toBe(first.sha256);
    expect(other.losses).not.toEqual(first.losses);
    expect(first.losses.at(-1)!).toBeGreaterThan(plain.losses.at(-1)!);
    expect(first.losses.at(-1)!).toBeLessThan(first.losses[0]!);
    expect(await scoreRows(loaded, rows, first.path)).toEqual(
      await scoreRows(loaded, rows, first.path),
    );
  });

  test("in several graphs per step each has masks of its own", async () => {
    const parts = await train({ dropout: 0.5, microBatchTokens: 40 });
    expect((await train({ dropout: 0.5, microBatchTokens: 40 })).sha256).toBe(parts.sha256);
    expect((await train({ dropout: 0.5 })).sha256).not.toBe(parts.sha256);
  });
});

test("activation checkpointing gives the same losses", async () => {
  const plain = await train();
  const again = await train({ recompute: true });
  again.losses.forEach((loss, i) => {
    expect(loss / plain.losses[i]!).toBeCloseTo(1, 5);
  });
});

describe("weights of rows", () => {
  const [a, b] = [byteRow("The ferry Halcyon"), byteRow("Mira Tolland")];
  const lossOn = async (row: TokenRow, path: string): Promise<number> => {
    const [score] = await scoreRows(loaded, [row], path);
    return -score!.logprob / score!.tokens;
  };

  test("weight 1 is none", async () => {
    const plain = await train({}, { rows: [a, b] });
    const same = await train({}, { rows: [{ ...a, weight: 1 }, b] });
    expect(same.sha256).toBe(plain.sha256);
  });

  test("a row of little weight is learned less; the loss that is told does not depend on it", async () => {
    const rows = [{ ...a, weight: 0.01 }, b];
    const light = await train({ epochs: 6 }, { rows });
    const even = await train({ epochs: 6 }, { rows: [a, b] });
    expect(light.losses[0]).toBe(even.losses[0]!);
    expect(await lossOn(a, light.path)).toBeGreaterThan(await lossOn(a, even.path));
    expect(await lossOn(b, light.path)).toBeLessThan(await lossOn(a, light.path));
  });
});

describe("KL to the base", () => {
  const [study, replay] = [byteRow(PASSAGE), byteRow("Ports of the northern coast.")];
  /** Mean |log p - log p of the base| on the replay row's targets. */
  const drift = async (path: string): Promise<number> => {
    const [before] = await scoreRows(loaded, [replay]);
    const [after] = await scoreRows(loaded, [replay], path);
    return Math.abs(after!.logprob - before!.logprob) / before!.tokens;
  };

  test("holds rows to the base while others are learned", async () => {
    const job = (kl: number) =>
      train({ epochs: 12 }, { rows: [study, { ...replay, weight: 0, kl }] });
    const [free, held] = [await job(1e-9), await job(10)];
    expect(held.progress[0]!.kl!).toBeCloseTo(0, 5);
    expect(free.progress.at(-1)!.kl!).toBeGreaterThan(1);
    expect(held.progress.at(-1)!.kl!).toBeLessThan(free.progress.at(-1)!.kl! / 10);
    expect(held.progress.at(-1)!.kl!).toBeGreaterThan(0);
    expect(await drift(held.path)).toBeLessThan((await drift(free.path)) / 2);
    const [learned] = await scoreRows(loaded, [study], held.path);
    expect(-learned!.logprob / learned!.tokens).toBeLessThan(held.losses[0]! / 2);
  });

  test("rows that are learned and held alike", async () => {
    const plain = await train({ epochs: 4 }, { rows: [study, replay] });
    const both = await train({ epochs: 4 }, { rows: [study, { ...replay, kl: 1 }] });
    expect(both.losses[0]! / plain.losses[0]!).toBeCloseTo(1, 6);
    expect(both.sha256).not.toBe(plain.sha256);
    expect(plain.progress[0]!.kl).toBeUndefined();
  });

  test("alone it changes nothing", async () => {
    const rows = [{ ...replay, weight: 0, kl: 1 }];
    const { path, losses } = await train({}, { rows });
    expect(await drift(path)).toBeLessThan(1e-3);
    expect(losses[0]).toBeGreaterThan(1);
  });
});

describe("stopping when all is learned", () => {
  const rows = [byteRow("Halcyon"), byteRow("Mira Tolland"), byteRow("Oss")];
  const long = { epochs: 60, learningRate: 0.01, batchTokens: 20 };

  test("ends the job once every row's loss was below the threshold", async () => {
    const all = await train(long, { rows });
    const { ended, steps, stepsSaved, path, progress } = await train(
      { ...long, stopWhenLearned: 0.4 },
      { rows },
    );
    expect(all).toMatchObject({ ended: "complete", stepsSaved: 0 });
    expect(ended).toBe("learned");
    expect(steps).toBeLessThan(all.steps / 2);
    expect(stepsSaved).toBe(all.steps - steps);
    expect(progress).toHaveLength(steps);
    for (const score of await scoreRows(loaded, rows, path)) {
      expect(-score.logprob / score.tokens).toBeLessThan(0.4);
    }
  });

  test("leaving learned rows out saves steps, and they come back", async () => {
    const skipLearned = { below: 0.5, epochs: 2 };
    const some = await train({ ...long, skipLearned }, { rows });
    expect(some.ended).toBe("complete");
    expect(some.stepsSaved).toBeGreaterThan(30);
    expect(some.stepsSaved + some.steps).toBe(120);
    const last = some.progress.at(-1)!;
    expect(last.steps).toBe(some.steps);
    expect(last.epoch).toBeGreaterThan(57);
    for (const score of await scoreRows(loaded, rows, some.path)) {
      expect(-score.logprob / score.tokens).toBeLessThan(0.5);
    }
  });

  test("the hardest rows first, from the second epoch on", async () => {
    const hardest = await train({ ...long, epochs: 4, order: "hardest" }, { rows });
    const shuffled = await train({ ...long, epochs: 4 }, { rows });
    const perEpoch = hardest.steps / 4;
    expect(hardest.losses.slice(0, perEpoch)).toEqual(shuffled.losses.slice(0, perEpoch));
    expect(hardest.sha256).not.toBe(shuffled.sha256);
  });
});

describe("the guard", () => {
  const check = (losses: number[], options = {}): void => {
    const guard = new LossGuard(options, 99, 5, "Lower it.");
    losses.forEach((_, i) => {
      guard.check(losses.slice(0, i + 1));
    });
  };
  const low = [1, 1, 1];
  const high = (n: number): number[] => new Array<number>(n).fill(6);

  test("waits for several steps in a row", async () => {
    check([...low, ...high(9), 2, ...high(9)]);
    const error = await failure(() => check([...low, ...high(10)]));
    expect(error.code).toBe("diverged");
    expect(error.message).toBe(
      "The loss went from 1.00 to 6.00 and stayed above 5.00 for 10 steps at step 13 of 99. Lower it.",
    );
    expect((await failure(() => check([...low, ...high(2)], { steps: 2 }))).code).toBe("diverged");
  });

  test("minds neither what is better than guessing nor what began as high", () => {
    check([0.1, 0.1, 0.1, ...new Array<number>(20).fill(4.9)]);
    check([...high(3), ...high(20)]);
    check([3, 3, 3, ...new Array<number>(20).fill(8.9)]);
  });

  test("ends a job whose loss explodes", async () => {
    const rows = [byteRow(PASSAGE)];
    const { path, losses } = await train({ epochs: 30 }, { rows });
    expect(losses.at(-1)!).toBeLessThan(0.5);
    const out = newFile();
    const job = jobOn(out, { rows, from: path, options: { ...base, epochs: 40, learningRate: 1 } });
    const error = await failure(() => trainAdapter(loaded, job));
    expect(error.code).toBe("diverged");
    expect(error.message).toMatch(/^The loss went from .* for 10 steps at step \d+ of 40\. Lower/);
    expect(await Bun.file(out).exists()).toBe(false);
  });

  test("a gradient's norm above the limit does, too", async () => {
    const error = await failure(() => train({ guard: { gradientNorm: 1e-6 } }));
    expect(error.code).toBe("diverged");
    expect(error.message).toMatch(
      /^The gradient's norm \d\.\d+ went above 0\.000001 at step 1 of 4/,
    );
  });
});

describe("options that make no sense are refused in a sentence", () => {
  const inf = Number.POSITIVE_INFINITY;
  const cases: [Partial<TrainOptions>, RegExp][] = [
    [{ microBatchTokens: 0 }, /0 tokens per graph/],
    [{ clipNorm: 0 }, /clipped to 0/],
    [{ clipNorm: inf }, /clipped to Infinity/],
    [{ rateRatio: -1 }, /ratio of learning rates -1/],
    [{ dropout: 1 }, /dropout 1 is/],
    [{ dropout: Number.NaN }, /dropout NaN/],
    [{ stopWhenLearned: 0 }, /No loss is below 0/],
    [{ skipLearned: { below: 1, epochs: 0 } }, /skipped for 0 epochs/],
    [{ order: "easy" as "hardest" }, /order "easy"/],
    [{ seed: 1.5 }, /seed 1\.5/],
    [{ guard: { factor: 0 } }, /guard's factor 0/],
    [{ schedule: { kind: "square" as "linear" } }, /schedule "square"/],
    [{ schedule: { kind: "linear", warmupSteps: 1, warmupShare: 0.1 } }, /give one of them/],
    [{ schedule: { kind: "linear", warmupSteps: -1 } }, /Warm-up of -1 steps/],
    [{ schedule: { kind: "linear", warmupShare: 2 } }, /warm-up's share 2/],
    [{ schedule: { kind: "linear", floor: 2 } }, /floor 2/],
  ];
  for (const [options, message] of cases) {
    test(JSON.stringify(options), async () => {
      const error = await failure(() => train(options));
      expect(error.code).toBe("invalid-job");
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(SENTENCE);
    });
  }

  const [row] = ROWS;
  const jobs: [string, Partial<TokenJob>, RegExp][] = [
    ["a negative weight", { rows: [{ ...row!, weight: -1 }] }, /row 1 has the weight -1/],
    ["an infinite KL", { rows: [row!, { ...row!, kl: inf }] }, /row 2 has the KL weight Infinity/],
    ["a row for nothing", { rows: [{ ...row!, weight: 0 }] }, /row 1 has the weight 0 and no KL/],
    ["a layer beyond", { lora: { ...jobOn("").lora, layers: [2] } }, /layer 2 is not in.* 0 to 1/],
    ["no layers", { lora: { ...jobOn("").lora, layers: [] } }, /list of LoRA layers is empty/],
    [
      "a range beyond",
      { lora: { ...jobOn("").lora, layers: { from: 1, to: SMALL.layers } } },
      /from 1 to 2 are no range/,
    ],
    ["a checkpoint on stop without one", { onStop: "checkpoint" }, /"checkpoint" options/],
    ["a checkpoint never", { checkpoint: { everySteps: 0 } }, /every 0 steps/],
    ["a checkpoint all the time", { checkpoint: { everySeconds: 0 } }, /every 0 seconds/],
  ];
  for (const [name, change, message] of jobs) {
    test(name, async () => {
      const error = await failure(() => train({}, change));
      expect(error.code).toBe("invalid-job");
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(SENTENCE);
    });
  }
});

describe("rows of one epoch", () => {
  const [a, b, c] = ROWS as [TokenRow, TokenRow, TokenRow];

  test("are in that epoch alone, and the others in every one", async () => {
    const rows = [a, { ...b, epoch: 1 }, { ...c, epoch: 3 }];
    const { steps, tokens } = await train({ epochs: 3, batchTokens: 1 }, { rows });
    expect(steps).toBe(5);
    expect(tokens).toBe(3 * a.tokens.length + b.tokens.length + c.tokens.length);
  });

  test("an epoch may have none", async () => {
    const { steps } = await train({ epochs: 3, batchTokens: 1 }, { rows: [{ ...a, epoch: 2 }] });
    expect(steps).toBe(1);
  });

  test.each([0, 4, 1.5])("epoch %p of 3 is refused", async (epoch) => {
    const rows = [a, { ...b, epoch }];
    expect(await failure(() => train({ epochs: 3 }, { rows }))).toMatchObject({
      code: "invalid-job",
    });
  });
});
