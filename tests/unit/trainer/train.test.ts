import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Backend } from "../../../trainer/ggml/backend.ts";
import { elements } from "../../../trainer/ggml/tensor.ts";
import { attach, createAdapter, writeAdapter } from "../../../trainer/lora/adapter.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import type { TokenRow } from "../../../trainer/model/packing.ts";
import { scoreRows } from "../../../trainer/scoring/score.ts";
import { planSteps } from "../../../trainer/training/plan.ts";
import { type TokenJob, trainAdapter } from "../../../trainer/training/train.ts";
import type { LoraTarget, TrainerErrorCode, TrainProgress } from "../../../trainer/types.ts";
import { SMALL, VOCABULARY, writeRandomModel } from "../../support/random-model.ts";
import { byteRow, randomRow } from "../../support/rows.ts";
import { cpu, failure, jobOn, PASSAGE, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("train");
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

const train = (change: Partial<TokenJob> = {}) => trainAdapter(loaded, jobOn(newFile(), change));
const options = (change: Partial<TokenJob["options"]>) => ({
  options: { ...jobOn("").options, ...change },
});
const lora = (change: Partial<TokenJob["lora"]>) => ({ lora: { ...jobOn("").lora, ...change } });

/** Mean negative log-likelihood per target. */
async function lossOn(rows: TokenRow[], adapter?: string): Promise<number> {
  const scores = await scoreRows(loaded, rows, adapter);
  const sum = (pick: (s: (typeof scores)[number]) => number): number =>
    scores.reduce((total, score) => total + pick(score), 0);
  return -sum((s) => s.logprob) / sum((s) => s.tokens);
}

describe("learning a passage", () => {
  test("the loss falls, and the written adapter has the lower loss", async () => {
    const rows = [byteRow(PASSAGE)];
    const result = await train(options({ epochs: 12 }));
    expect(result.losses).toHaveLength(12);
    expect(result.losses.at(-1)!).toBeLessThan(result.losses[0]! / 2);
    expect(result.losses[0]!).toBeCloseTo(await lossOn(rows), 4);
    expect(await lossOn(rows, result.path)).toBeLessThan(result.losses.at(-1)!);
    expect(await lossOn(rows)).toBeCloseTo(result.losses[0]!, 4);
  });

  test("progress has each step's loss, speed and time left", async () => {
    const seen: TrainProgress[] = [];
    const job = jobOn(newFile(), {
      rows: [1, 2, 3].map((seed) => randomRow(20, seed, VOCABULARY)),
      ...options({ epochs: 2, batchTokens: 45 }),
    });
    const result = await trainAdapter(loaded, job, { onProgress: (p) => seen.push(p) });
    expect(seen.map((p) => [p.step, p.epoch])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
    ]);
    expect(seen.map((p) => p.loss)).toEqual(result.losses);
    for (const p of seen) {
      expect(p.steps).toBe(4);
      expect(p.tokensPerSecond).toBeGreaterThan(0);
      expect(p.secondsLeft).toBeGreaterThanOrEqual(0);
    }
    expect(seen.at(-1)!.secondsLeft).toBe(0);
    expect(result).toMatchObject({ steps: 4, tokens: 120, supervisedTokens: 114 });
  });

  test("the result names the file and its hash", async () => {
    const result = await train();
    const hash = createHash("sha256").update(readFileSync(result.path)).digest("hex");
    expect(result.sha256).toBe(hash);
  });

  test("weight decay shrinks the adapter's way", async () => {
    const plain = await train();
    const decayed = await train(options({ weightDecay: 0.1 }));
    expect(decayed.sha256).not.toBe(plain.sha256);
  });
});

describe("repeating a job", () => {
  const change = {
    rows: [1, 2, 3, 4].map((seed) => randomRow(19, seed, VOCABULARY)),
    ...options({ epochs: 3, batchTokens: 40 }),
  };

  test("gives the same adapter bit for bit", async () => {
    const first = await train(change);
    const other = await train({ ...change, ...options({ ...change.options, seed: 8 }) });
    expect((await train(change)).sha256).toBe(first.sha256);
    expect(other.sha256).not.toBe(first.sha256);
  });

  test("gives it on another number of threads too", async () => {
    const short = { ...change, ...options({ epochs: 1, batchTokens: 100 }) };
    const first = await train(short);
    const backend = Backend.open("cpu", 2);
    const again = await loadModel(backend, file("base.gguf"));
    const second = await trainAdapter(again, jobOn(newFile(), short));
    expect(second.sha256).toBe(first.sha256);
    again.free();
    backend.free();
  });

  test("the seed decides the order of the rows", () => {
    const order = (seed: number): number[] =>
      planSteps({ ...jobOn("", change), ...options({ ...change.options, seed }) }).flatMap((step) =>
        step.rows.map((row) => change.rows.indexOf(row)),
      );
    expect(order(7)).toEqual(order(7));
    expect(order(7)).not.toEqual(order(8));
    expect(order(7).toSorted()).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    expect(new Set(order(7).slice(0, 4)).size).toBe(4);
  });
});

describe("supervision", () => {
  const tokens = Int32Array.from([1, 60, 70, 80, 90, 100, 110, 120]);
  const row = (loss: number[], change: Record<number, number> = {}): TokenRow => ({
    tokens: tokens.map((token, i) => change[i] ?? token),
    loss: Uint8Array.from(loss),
  });
  const chosen = [0, 0, 0, 1, 1, 0, 0, 0];
  const hash = async (r: TokenRow): Promise<string> => (await train({ rows: [r] })).sha256;

  test("tokens behind the last target change nothing", async () => {
    expect(await hash(row(chosen, { 5: 33, 7: 44 }))).toBe(await hash(row(chosen)));
  });

  test("targets and what stands before them do", async () => {
    const reference = await hash(row(chosen));
    expect(await hash(row(chosen, { 4: 33 }))).not.toBe(reference);
    expect(await hash(row(chosen, { 1: 33 }))).not.toBe(reference);
  });

  test("the loss is the mean over the chosen tokens alone", async () => {
    const result = await train({ rows: [row(chosen)] });
    expect(result.supervisedTokens).toBe(2 * 4);
    const logprobs = await scoreRows(loaded, [
      row([0, 0, 0, 1, 0, 0, 0, 0]),
      row([0, 0, 0, 0, 1, 0, 0, 0]),
    ]);
    const mean = (logprobs[0]!.logprob + logprobs[1]!.logprob) / 2;
    expect(result.losses[0]!).toBeCloseTo(-mean, 4);
  });

  test("the first token is never a target", async () => {
    const result = await train({ rows: [row([1, 1, 0, 0, 0, 0, 0, 0])] });
    expect(result.supervisedTokens).toBe(1 * 4);
  });
});

describe("continuing from an adapter", () => {
  test("starts at its loss and leaves it as it was", async () => {
    const rows = [byteRow(PASSAGE)];
    const first = await train();
    const before = readFileSync(first.path);
    const second = await train({ from: first.path });
    expect(second.losses[0]!).toBeCloseTo(await lossOn(rows, first.path), 4);
    expect(second.losses[0]!).toBeLessThan(first.losses[0]!);
    expect(second.losses.at(-1)!).toBeLessThan(first.losses.at(-1)!);
    expect(readFileSync(first.path).equals(before)).toBe(true);
  });

  test("another rank, alpha or other targets are refused by name", async () => {
    const { path } = await train();
    for (const change of [lora({ rank: 2 }), lora({ alpha: 9 }), lora({ targets: ["attn_q"] })]) {
      const error = await failure(() => train({ from: path, ...change }));
      expect(error.code).toBe("adapter-mismatch");
      expect(error.message).toStartWith(path);
      expect(error.message).toMatch(SENTENCE);
    }
  });
});

test("only the chosen projections are adapted", async () => {
  const targets: LoraTarget[] = ["attn_q", "ffn_down"];
  const adapter = createAdapter(cpu(), loaded.model, { rank: 2, alpha: 2, targets }, 1);
  expect([...adapter.tensors.keys()].toSorted()).toEqual(
    [0, 1].flatMap((i) =>
      targets.flatMap((t) => ["a", "b"].map((x) => `blk.${i}.${t}.weight.lora_${x}`)),
    ),
  );
  adapter.free();
});

describe("cancellation", () => {
  test("between steps, with nothing left behind", async () => {
    const out = newFile();
    let steps = 0;
    const error = await failure(() =>
      trainAdapter(loaded, jobOn(out), {
        onProgress: () => steps++,
        cancelled: () => steps === 2,
      }),
    );
    expect(error.code).toBe("cancelled");
    expect(error.message).toBe("Training was cancelled at step 2 of 4.");
    expect(steps).toBe(2);
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(dirname(out)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("a file that was there stays as it was", async () => {
    const { path } = await train();
    const before = readFileSync(path);
    await failure(() => trainAdapter(loaded, jobOn(path), { cancelled: () => true }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("the model computes without an adapter afterwards", async () => {
    const rows = [byteRow(PASSAGE)];
    const before = await lossOn(rows);
    let steps = 0;
    await failure(() =>
      trainAdapter(loaded, jobOn(newFile()), {
        onProgress: () => steps++,
        cancelled: () => steps === 2,
      }),
    );
    expect(await lossOn(rows)).toBe(before);
  });
});

describe("jobs that cannot be done", () => {
  const untargeted = { ...byteRow("x"), loss: new Uint8Array(3) };
  const cases: [string, Partial<TokenJob>, RegExp][] = [
    ["no rows", { rows: [] }, /no training rows/],
    ["a row without targets", { rows: [byteRow("x"), untargeted] }, /row 2 has no supervised/],
    ["an empty row", { rows: [byteRow("x"), randomRow(0, 1, 9)] }, /row 2 has no supervised/],
    [
      "a row beyond the context",
      { rows: [randomRow(SMALL.contextLength + 1, 1, 9)] },
      /row 1 has 513 tokens, the model's context is 512/,
    ],
    ["a rank beyond the matrices", lora({ rank: 33 }), /rank 33 is not .* from 1 to 32/],
    ["rank 0", lora({ rank: 0 }), /rank 0/],
    ["half a rank", lora({ rank: 1.5 }), /rank 1.5/],
    ["alpha 0", lora({ alpha: 0 }), /alpha 0/],
    ["alpha NaN", lora({ alpha: Number.NaN }), /alpha NaN/],
    ["no targets", lora({ targets: [] }), /name no projections.*attn_q/],
    ["unknown targets", lora({ targets: ["mlp" as LoraTarget] }), /\[mlp\].*attn_q/],
    ["learning rate 0", options({ learningRate: 0 }), /learning rate 0/],
    ["learning rate NaN", options({ learningRate: Number.NaN }), /learning rate NaN/],
    [
      "infinite learning rate",
      options({ learningRate: Number.POSITIVE_INFINITY }),
      /learning rate Infinity/,
    ],
    ["no epochs", options({ epochs: 0 }), /0 epochs/],
    ["no tokens per step", options({ batchTokens: 0 }), /0 tokens per step/],
    ["negative weight decay", options({ weightDecay: -1 }), /weight decay -1/],
    [
      "infinite weight decay",
      options({ weightDecay: Number.POSITIVE_INFINITY }),
      /weight decay Infinity/,
    ],
  ];
  for (const [name, change, message] of cases) {
    test(name, async () => {
      const out = newFile();
      const error = await failure(() => trainAdapter(loaded, jobOn(out, change)));
      expect(error.code).toBe("invalid-job" satisfies TrainerErrorCode);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(SENTENCE);
      expect(existsSync(out)).toBe(false);
    });
  }
});

describe("divergence", () => {
  test("a loss that is no number ends the job", async () => {
    const out = newFile();
    const error = await failure(() =>
      trainAdapter(
        loaded,
        jobOn(out, { ...lora({ alpha: 1e20 }), ...options({ learningRate: 1 }) }),
      ),
    );
    expect(error.code).toBe("diverged");
    expect(error.message).toMatch(/loss became NaN at step 2 of 4\. Lower the learning rate/);
    expect(existsSync(out)).toBe(false);
  });

  /** An adapter whose weights are not numbers. */
  const broken = (): string => {
    const path = newFile();
    const adapter = createAdapter(cpu(), loaded.model, jobOn("").lora, 1);
    for (const t of adapter.tensors.values()) {
      cpu().upload(t, new Float32Array(elements(t)).fill(Number.NaN));
    }
    attach(loaded.model, undefined, false);
    writeAdapter(cpu(), loaded.model, adapter, path);
    adapter.free();
    return path;
  };

  test("broken weights get no score", async () => {
    const path = broken();
    const error = await failure(() => scoreRows(loaded, [byteRow("x")], path));
    expect(error.code).toBe("diverged");
    expect(error.message).toInclude(path);
  });

  test("weights that break in the last step are not written", async () => {
    const out = newFile();
    // The decay is infinite in float32.
    const job = jobOn(out, {
      ...options({ epochs: 1, weightDecay: 1e39 }),
    });
    const error = await failure(() => trainAdapter(loaded, job));
    expect(error.code).toBe("diverged");
    expect(error.message).toMatch(/last step/);
    expect(existsSync(out)).toBe(false);
  });
});

describe("scoring", () => {
  test("exact means that every target was the most probable token", async () => {
    const rows = [byteRow("Halcyon")];
    const { path } = await train({ rows, ...options({ epochs: 40, learningRate: 0.02 }) });
    expect((await scoreRows(loaded, rows))[0]!.exact).toBe(false);
    const [score] = await scoreRows(loaded, rows, path);
    expect(score).toMatchObject({ exact: true, tokens: 8 });
    expect(score!.logprob).toBeGreaterThan(-1);
  });

  test("an impossible token has a very low, finite log-probability", async () => {
    const rows = [byteRow("Halcyon")];
    const { path } = await train({
      rows,
      ...lora({ alpha: 1e4 }),
      ...options({ learningRate: 0.5 }),
    });
    const [score] = await scoreRows(loaded, [byteRow("zzzzzzz")], path);
    expect(score!.logprob).toBeGreaterThan(-88 * 8);
    expect(score!.logprob).toBeLessThan(-80);
  });

  test("rows without an answer, or too long, are refused by number", async () => {
    for (const [row, message] of [
      [{ ...byteRow("x"), loss: new Uint8Array(3) }, /Row 2 has no answer/],
      [randomRow(SMALL.contextLength + 1, 1, 9), /Row 2 has 513 tokens/],
    ] as const) {
      const error = await failure(() => scoreRows(loaded, [byteRow("x"), row]));
      expect(error.code).toBe("invalid-job");
      expect(error.message).toMatch(message);
    }
  });

  test("can be cancelled", async () => {
    const error = await failure(() => scoreRows(loaded, [byteRow("x")], undefined, () => true));
    expect(error.code).toBe("cancelled");
  });

  test("many rows in several batches keep their order", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => randomRow(40 + i, i, VOCABULARY));
    const together = await scoreRows(loaded, rows);
    for (const i of [0, 31, 59]) {
      const [alone] = await scoreRows(loaded, [rows[i]!]);
      expect(together[i]!.logprob / alone!.logprob).toBeCloseTo(1, 5);
      expect(together[i]!.tokens).toBe(39 + i);
    }
  });
});
