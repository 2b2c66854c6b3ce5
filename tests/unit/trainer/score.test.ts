import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { BF16, F16 } from "../../../trainer/ggml/tensor.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import type { TokenRow } from "../../../trainer/model/packing.ts";
import { random, shuffled } from "../../../trainer/random.ts";
import { batches, type ScoringBatch } from "../../../trainer/scoring/batch.ts";
import { computeBatch } from "../../../trainer/scoring/compute.ts";
import { boundBatch, largestGraph } from "../../../trainer/scoring/fit-plan.ts";
import { scorePairs } from "../../../trainer/scoring/pairs.ts";
import { prefixTree } from "../../../trainer/scoring/prefix-tree.ts";
import { scoreRows, scoreRowsUnder } from "../../../trainer/scoring/score.ts";
import type { Score, ScorePair } from "../../../trainer/types.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import {
  type Extras,
  SMALL,
  SMALL_OF,
  VOCABULARY,
  wide,
  writeRandomModel,
} from "../../support/random-model.ts";
import { byteRow, randomRow } from "../../support/rows.ts";
import { argmax, cpu, failure, logitsOf, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("score");
const adapter = file("adapter.gguf");
let loaded: LoadedModel;

beforeAll(async () => {
  writeRandomModel(file("base.gguf"));
  await writeRandomAdapter(adapter, SMALL);
  loaded = await loadModel(cpu(), file("base.gguf"));
});
afterAll(() => {
  loaded.free();
  remove();
});

/**
 * Rows that share passages and questions, some of them longer than a run, beside rows that share
 * nothing; the last tokens of each are supervised.
 */
function family(): TokenRow[] {
  const part = (length: number, seed: number): number[] => [
    ...randomRow(length, seed, VOCABULARY).tokens,
  ];
  const rows: number[][] = [];
  for (const [passage, questions] of [
    [150, 3],
    [41, 4],
    [16, 2],
  ] as const) {
    const text = part(passage, passage);
    for (let q = 0; q < questions; q++) {
      const question = [...text, ...part(3 + 7 * q, 100 * passage + q)];
      for (let a = 0; a < 3; a++) rows.push([...question, ...part(1 + a, 1000 * q + a)]);
    }
  }
  for (const n of [2, 3, 17, 64, 65, 130]) rows.push(part(n, 7 + n));
  return rows.map((tokens) => ({
    tokens: Int32Array.from(tokens),
    loss: Uint8Array.from(tokens, (_, i) => (i > 0 && i >= tokens.length - 4 ? 1 : 0)),
  }));
}

/** Scores as text: equal only where every bit is. */
const bits = (scores: Score[]): string[] => scores.map((s) => JSON.stringify(s));

describe("a score does not depend on what it is computed with", () => {
  const cases: [string, Hyperparameters, Extras][] = [
    ...Object.entries(SMALL_OF).map(
      ([name, { hyper, extras }]) => [name, hyper, extras] as [string, Hyperparameters, Extras],
    ),
    ["BF16", SMALL, { typeOf: () => BF16 }],
    ["F16", SMALL, { typeOf: () => F16 }],
    ["Q8_0", SMALL, { typeOf: () => 8 }],
    ["Q4_0", SMALL, { typeOf: () => 2 }],
    ["Q4_K and Q6_K", wide(SMALL), { typeOf: (name) => (/attn_v|ffn_down/.test(name) ? 14 : 12) }],
    [
      "sizes that no vector unit likes",
      { ...SMALL, width: 60, heads: 5, kvHeads: 5, headDim: 12, ropeDims: 12 },
      {},
    ],
  ];
  for (const [name, hyper, extras] of cases) {
    test(name, async () => {
      const path = file(`${name}.gguf`);
      const lora = file(`${name}-lora.gguf`);
      writeRandomModel(path, hyper, 3, extras);
      await writeRandomAdapter(lora, hyper, { rank: (n) => (n.includes("ffn") ? 3 : 16) });
      const model = await loadModel(cpu(), path, { transposes: "per-layer" });
      const rows = family();
      for (const under of name === "llama" ? [null, lora] : [lora]) {
        const score = async (chosen: TokenRow[], layout = {}): Promise<string[]> => {
          const [scores] = await scoreRowsUnder(model, chosen, [under], layout);
          return bits(scores!);
        };
        const alone: string[] = [];
        for (const row of rows) alone.push(...(await score([row])));
        expect(await score(rows)).toEqual(alone);
        expect(await score(rows, { minSaved: Number.POSITIVE_INFINITY })).toEqual(alone);
        expect(await score(rows, { minSaved: 1, batchTokens: 100 })).toEqual(alone);
        const order = shuffled(rows.length, random(5)).slice(0, 17);
        expect(await score(order.map((i) => rows[i]!))).toEqual(order.map((i) => alone[i]!));
      }
      model.free();
    });
  }
});

test("scores are what the training's forward pass gives", async () => {
  const rows = family();
  for (const under of [undefined, adapter]) {
    const scores = await scoreRows(loaded, rows, under);
    const reference = await logitsOf(loaded, rows, under);
    scores.forEach((score, i) => {
      const labels = [...rows[i]!.tokens].filter((_, t) => t > 0 && rows[i]!.loss[t]);
      let logprob = 0;
      reference[i]!.forEach((logits, t) => {
        const top = logits[argmax(logits)]!;
        const sum = logits.reduce((s, x) => s + Math.exp(x - top), 0);
        logprob += logits[labels[t]!]! - top - Math.log(sum);
      });
      expect(score.logprob).toBeCloseTo(logprob, 4);
      expect(score.tokens).toBe(labels.length);
      expect(score.exact).toBe(reference[i]!.every((x, t) => argmax(x) === labels[t]));
    });
  }
});

test("several adapters in one call", async () => {
  const other = file("other.gguf");
  await writeRandomAdapter(other, SMALL, { seed: 2 });
  const rows = family().slice(0, 5);
  const all = await scoreRowsUnder(loaded, rows, [null, adapter, other, null]);
  expect(all).toEqual([
    await scoreRows(loaded, rows),
    await scoreRows(loaded, rows, adapter),
    await scoreRows(loaded, rows, other),
    await scoreRows(loaded, rows),
  ]);
  expect(bits(all[1]!)).not.toEqual(bits(all[2]!));
  expect(await scoreRowsUnder(loaded, rows, [])).toEqual([]);
  expect(await scoreRowsUnder(loaded, [], [null])).toEqual([[]]);
});

describe("batches are made to fit", () => {
  const fitted = async (free: number): Promise<string[]> => {
    const room = { free, where: "this machine" };
    const [scores] = await scoreRowsUnder(loaded, family(), [adapter], { room });
    return bits(scores!);
  };
  const plan = (size: number): ScoringBatch[] => {
    const inputs = family().map(({ tokens }) => tokens.subarray(0, -1));
    return [...batches(family(), prefixTree(inputs), size, SMALL.heads)];
  };

  test("what a batch takes is known before, and bounded by its sizes", async () => {
    for (const size of [64, 200, 1024]) {
      const planned = await largestGraph(loaded, plan(size));
      const allocator = new GraphAllocator(cpu());
      let bound = 0;
      for (const batch of plan(size)) {
        await computeBatch(loaded.model, batch, allocator);
        bound = Math.max(bound, boundBatch(loaded.model, batch));
      }
      expect(planned / allocator.bytes).toBeGreaterThan(0.9);
      expect(planned).toBeLessThanOrEqual(allocator.bytes);
      expect(bound).toBeGreaterThan(planned);
      allocator.free();
    }
  });

  test("with less memory they are smaller, and the scores the same", async () => {
    const small = await largestGraph(loaded, plan(128));
    expect(small).toBeLessThan(await largestGraph(loaded, plan(1024)));
    expect(await fitted(small)).toEqual(await fitted(1e12));
  });

  test("where nothing fits it is refused", async () => {
    const error = await failure(() => fitted(1000));
    expect(error.code).toBe("not-enough-memory");
    expect(error.message).toMatch(SENTENCE);
  });
});

/** Bytes as tokens, without the begin token if the model has none. */
const toRow =
  (begin = true) =>
  ({ context, answer, end = true }: ScorePair): TokenRow => {
    const whole = byteRow(context + answer).tokens;
    const tokens = whole.slice(begin ? 0 : 1, end ? undefined : -1);
    const first = new TextEncoder().encode(context).length + (begin ? 1 : 0);
    return { tokens, loss: Uint8Array.from(tokens, (_, i) => (i >= first ? 1 : 0)) };
  };
const score = async (pairs: ScorePair[], begin = true): Promise<Score[]> => {
  const [scores] = await scorePairs(loaded, pairs, [null], toRow(begin));
  return scores!;
};

describe("distractors", () => {
  const context = "The ferry is named";
  const answers = [" Halcyon", " Osprey", " Tern", " Halcyon II"];

  test("are scored as the answer is, and rank it", async () => {
    const alone = await score(answers.map((answer) => ({ context, answer })));
    const [first] = await score([{ context, answer: answers[0]!, distractors: answers.slice(1) }]);
    expect(first!.distractors).toEqual(
      alone.slice(1).map(({ logprob, tokens }) => ({ logprob, tokens })),
    );
    const byLikelihood = [...alone].sort((a, b) => b.logprob - a.logprob);
    const ranks = await Promise.all(
      answers.map(async (answer) => {
        const distractors = answers.filter((other) => other !== answer);
        const [own] = await score([{ context, answer, distractors }]);
        return own!.rank!;
      }),
    );
    expect(ranks).toEqual(alone.map((own) => 1 + byLikelihood.indexOf(own)));
    expect(ranks.toSorted()).toEqual([1, 2, 3, 4]);
    expect(alone[0]!.rank).toBeUndefined();
  });

  test("twice the same counts once, and the answer itself is none", async () => {
    const [a, b, c, d] = answers as [string, string, string, string];
    const [plain] = await score([{ context, answer: a, distractors: [b, c, d] }]);
    const [doubled] = await score([{ context, answer: a, distractors: [b, b, a, c, d, a] }]);
    const { distractors, rank, ...own } = plain!;
    const same = { logprob: own.logprob, tokens: own.tokens };
    const [lb, lc, ld] = distractors!;
    expect(doubled).toEqual({ ...own, rank: rank!, distractors: [lb!, lb!, same, lc!, ld!, same] });
    const [alone] = await score([{ context, answer: a, distractors: [a] }]);
    expect(alone).toEqual({ ...own, rank: 1, distractors: [same] });
    const [none] = await score([{ context, answer: a, distractors: [] }]);
    expect(none).toEqual({ ...own, rank: 1, distractors: [] });
  });
});

describe("pairs at the edge", () => {
  const good = { context: "a", answer: "b" };

  test("an empty answer is its end token", async () => {
    const [empty] = await score([{ context: "abc", answer: "" }]);
    expect(empty!.tokens).toBe(1);
  });

  test("an empty context is the begin token", async () => {
    const [open] = await score([{ context: "", answer: "abc" }]);
    expect(open!.tokens).toBe(4);
  });

  test.each<[string, ScorePair, boolean, RegExp]>([
    ["nothing to score", { context: "a", answer: "", end: false }, true, /^Pair 2 has no answer/],
    ["nothing before it", { context: "", answer: "a" }, false, /^Pair 2 has an empty context/],
    [
      "longer than the context",
      { context: "a".repeat(400), answer: "b".repeat(120) },
      true,
      /^Pair 2 has 522 tokens/,
    ],
    [
      "a distractor that is too long",
      { ...good, distractors: ["c", "d".repeat(600)] },
      true,
      /^Pair 2 with the distractor "d+" has 603 tokens/,
    ],
    [
      "an empty distractor",
      { ...good, end: false, distractors: [""] },
      true,
      /^Pair 2 with the distractor "" has no answer/,
    ],
  ])("%s", async (_, pair, begin, message) => {
    const error = await failure(() => score([good, pair], begin));
    expect(error.code).toBe("invalid-job");
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(SENTENCE);
  });

  test("as long as the context is accepted", async () => {
    const [full] = await score([{ context: "a".repeat(400), answer: "b".repeat(110) }]);
    expect(full!.tokens).toBe(111);
  });
});
