import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel, type Token } from "node-llama-cpp";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import type { TokenRow } from "../../../trainer/model/packing.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { type Extras, SMALL, VOCABULARY, writeRandomModel } from "../../support/random-model.ts";
import { byteRow, randomRow } from "../../support/rows.ts";
import { argmax, cpu, jobOn, logitsOf, PASSAGE, relativeDifference, scratch } from "./fixture.ts";

/** Milliseconds that a busy machine may take. */
const SLOW = 120_000;
setDefaultTimeout(SLOW);

const { file, remove } = scratch("parity");
const base = file("base.gguf");
const adapter = file("adapter.gguf");
let llama: Llama;
let theirs: LlamaModel;
let ours: LoadedModel;

/** Lengths that are no multiples of anything; the last one exceeds an attention window. */
const ROWS: TokenRow[] = [
  byteRow(PASSAGE),
  randomRow(2, 1, VOCABULARY),
  randomRow(33, 2, VOCABULARY),
  randomRow(157, 3, VOCABULARY),
];

beforeAll(async () => {
  writeRandomModel(base);
  ours = await loadModel(cpu(), base);
  await trainAdapter(ours, jobOn(adapter));
  llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
  theirs = await llama.loadModel({ modelPath: base });
}, SLOW);

afterAll(async () => {
  ours.free();
  await theirs.dispose();
  await llama.dispose();
  remove();
}, SLOW);

/** llama.cpp's logits after every token of a row but the last. */
async function oracle(model: LlamaModel, row: TokenRow, lora?: string): Promise<Float32Array[]> {
  const context = await model.createContext({
    contextSize: 256,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
    ...(lora && { lora }),
  });
  try {
    const tokens = [...row.tokens.slice(0, -1)] as Token[];
    const input = tokens.map((token) => [token, { generateNext: { logits: true } }] as const);
    const results = await context.getSequence().controlledEvaluate(input.map((i) => [...i]));
    return results.map((result) => {
      const logits = new Float32Array(VOCABULARY);
      for (const [token, logit] of result?.next.logits ?? []) logits[token] = logit;
      return logits;
    });
  } finally {
    await context.dispose();
  }
}

function expectSame(got: Float32Array[], expected: Float32Array[], tolerance: number): void {
  expect(got.length).toBe(expected.length);
  got.forEach((logits, i) => {
    const reference = expected[i] as Float32Array;
    expect(relativeDifference(logits, reference)).toBeLessThan(tolerance);
    expect(argmax(logits)).toBe(argmax(reference));
  });
}

describe("the same logits as llama.cpp", () => {
  for (const row of ROWS) {
    test(`${row.tokens.length} tokens, without an adapter`, async () => {
      const [got] = await logitsOf(ours, [row]);
      expectSame(got!, await oracle(theirs, row), 1e-3);
    });

    test(`${row.tokens.length} tokens, with an adapter`, async () => {
      const [got] = await logitsOf(ours, [row], adapter);
      expectSame(got!, await oracle(theirs, row, adapter), 1e-3);
    });
  }

  test("an adapter that was trained changes them", async () => {
    const [plain] = await logitsOf(ours, [ROWS[0]!]);
    const [adapted] = await logitsOf(ours, [ROWS[0]!], adapter);
    expect(relativeDifference(adapted![40]!, plain![40]!)).toBeGreaterThan(0.05);
  });
});

describe("packed rows do not see each other", () => {
  for (const [name, path] of [
    ["without an adapter", undefined],
    ["with an adapter", adapter],
  ] as const) {
    test(name, async () => {
      const together = await logitsOf(ours, ROWS, path);
      const reversed = (await logitsOf(ours, ROWS.toReversed(), path)).toReversed();
      for (const [i, row] of ROWS.entries()) {
        const [alone] = await logitsOf(ours, [row], path);
        expectSame(together[i]!, alone!, 1e-4);
        expectSame(reversed[i]!, alone!, 1e-4);
      }
    });
  }
});

describe("other shapes", () => {
  const shapes: [string, Partial<Hyperparameters>, Extras?][] = [
    ["one key head", { kvHeads: 1 }],
    ["every head its own", { kvHeads: 4 }],
    ["heads wider than the model", { heads: 6 }],
    [
      "sizes that no vector unit likes",
      { width: 60, heads: 5, kvHeads: 5, headDim: 12, ropeDims: 12 },
    ],
    ["another rope base, positions scaled", { ropeBase: 500_000, ropeScale: 0.25 }],
    ["divided frequencies", {}, { ropeFactors: [1, 1, 1, 1.5, 2, 4, 8, 8] }],
    ["an output of its own", {}, { untied: true }],
    ["three layers", { layers: 3 }],
  ];
  for (const [name, change, extras] of shapes) {
    test(name, async () => {
      const path = file(`${name.replaceAll(" ", "-")}.gguf`);
      writeRandomModel(path, { ...SMALL, ...change }, 5, extras);
      const loaded = await loadModel(cpu(), path);
      const reference = await llama.loadModel({ modelPath: path });
      const row = ROWS[3]!;
      const [got] = await logitsOf(loaded, [row]);
      expectSame(got!, await oracle(reference, row), 1e-3);
      loaded.free();
      await reference.dispose();
    });
  }
});
