import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Llama, LlamaModel } from "node-llama-cpp";
import { BF16, elements, F16, F32 } from "../../../trainer/ggml/tensor.ts";
import { createAdapter, writeAdapter } from "../../../trainer/lora/adapter.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import type { TokenRow } from "../../../trainer/model/packing.ts";
import { normal, random, seedFor } from "../../../trainer/random.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { llamaLogits, openLlama } from "../../support/llama-cpp.ts";
import {
  type Extras,
  SMALL,
  SMALL_OF,
  VOCABULARY,
  wide,
  writeRandomModel,
} from "../../support/random-model.ts";
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
  llama = await openLlama();
  theirs = await llama.loadModel({ modelPath: base });
}, SLOW);

afterAll(async () => {
  ours.free();
  await theirs.dispose();
  await llama.dispose();
  remove();
}, SLOW);

function expectSame(got: Float32Array[], expected: Float32Array[], tolerance: number): void {
  expect(got.length).toBe(expected.length);
  got.forEach((logits, i) => {
    const reference = expected[i] as Float32Array;
    expect(relativeDifference(logits, reference)).toBeLessThan(tolerance);
    expect(argmax(logits)).toBe(argmax(reference));
  });
}

describe("the same logits as llama.cpp", () => {
  test("with rsLoRA on one block: the loss of the next step is llama.cpp's", async () => {
    const row = ROWS[0]!;
    const lora = { ...jobOn("").lora, rank: 16, rsLora: true, layers: [1] };
    const path = file("rslora.gguf");
    await trainAdapter(ours, jobOn(path, { lora }));
    const { losses } = await trainAdapter(ours, jobOn(file("next.gguf"), { lora, from: path }));
    const expected = await llamaLogits(theirs, row, path);
    const nll = expected.map((logits, i) => {
      const total = Math.log(logits.reduce((sum, l) => sum + Math.exp(l), 0));
      return total - logits[row.tokens[i + 1]!]!;
    });
    expect(losses[0]! / (nll.reduce((a, b) => a + b) / nll.length)).toBeCloseTo(1, 5);
    expectSame((await logitsOf(ours, [row], path))[0]!, expected, 1e-3);
  });

  for (const row of ROWS) {
    test(`${row.tokens.length} tokens, without an adapter`, async () => {
      const [got] = await logitsOf(ours, [row]);
      expectSame(got!, await llamaLogits(theirs, row), 1e-3);
    });

    test(`${row.tokens.length} tokens, with an adapter`, async () => {
      const [got] = await logitsOf(ours, [row], adapter);
      expectSame(got!, await llamaLogits(theirs, row, adapter), 1e-3);
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

/** An adapter with no zeros, written as llama.cpp reads it. */
function writeRandomAdapter({ backend, model }: LoadedModel, path: string): void {
  const made = createAdapter(backend, model, { rank: 4, alpha: 8, targets: [...LORA_TARGETS] }, 3);
  for (const [name, t] of made.tensors) {
    if (name.endsWith("lora_b")) {
      backend.upload(t, normal(elements(t), 0.2, random(seedFor(3, name))));
    }
  }
  writeAdapter(backend, model, made, path);
  made.free();
}

/**
 * A weight's type, and how far our logits may be from llama.cpp's: the farthest of all tokens, and the
 * mean. Sums in another order differ by 1e-7. In F32 that stays so; but where activations are rounded
 * before each product (to F16 or BF16, or to 8 bits for quantized weights) a few of them round the
 * other way, which the next layers multiply, until the difference has the size of that rounding: our
 * own logits move as far when a row is packed with others.
 */
interface Base {
  typeOf: (name: string) => number;
  farthest: number;
  mean: number;
}

const BASES: Record<string, Base> = {
  F32: { typeOf: () => F32, farthest: 2e-4, mean: 1e-4 },
  F16: { typeOf: () => F16, farthest: 2e-3, mean: 1e-3 },
  BF16: { typeOf: () => BF16, farthest: 1e-2, mean: 3e-3 },
  Q8_0: { typeOf: () => 8, farthest: 3e-2, mean: 1e-2 },
  Q4_0: { typeOf: () => 2, farthest: 3e-2, mean: 1e-2 },
  Q4_K: { typeOf: () => 12, farthest: 4e-2, mean: 1.5e-2 },
  // Most of a Q4_K_M file is Q4_K, some of it Q6_K.
  "Q4_K and Q6_K": {
    typeOf: (name) => (/attn_v|ffn_down|token_embd/.test(name) ? 14 : 12),
    farthest: 4e-2,
    mean: 1.5e-2,
  },
};

describe("every architecture and type", () => {
  for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
    for (const [type, { typeOf, farthest, mean }] of Object.entries(BASES)) {
      test(`${architecture}, ${type}`, async () => {
        const path = file(`${architecture}-${type}.gguf`);
        const lora = file(`${architecture}-${type}-lora.gguf`);
        writeRandomModel(path, wide(hyper), 5, { ...extras, typeOf });
        const loaded = await loadModel(cpu(), path);
        writeRandomAdapter(loaded, lora);
        const reference = await llama.loadModel({ modelPath: path });
        const plain = await logitsOf(loaded, ROWS);
        const adapted = await logitsOf(loaded, ROWS, lora);
        expect(relativeDifference(adapted[0]![40]!, plain[0]![40]!)).toBeGreaterThan(0.1);
        const differences: number[] = [];
        for (const [i, row] of ROWS.entries()) {
          const expected = await llamaLogits(reference, row);
          expected.forEach((x, j) => {
            differences.push(relativeDifference(plain[i]![j]!, x));
          });
          const expectedAdapted = await llamaLogits(reference, row, lora);
          expectedAdapted.forEach((x, j) => {
            differences.push(relativeDifference(adapted[i]![j]!, x));
          });
        }
        if (process.env.SELKIE_DEBUG) console.log(Math.max(...differences), average(differences));
        expect(Math.max(...differences)).toBeLessThan(farthest);
        expect(average(differences)).toBeLessThan(mean);
        loaded.free();
        await reference.dispose();
      });
    }
  }
});

function average(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

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
    ["biases everywhere", {}, { biases: true }],
    ["qwen2 with an output of its own", { architecture: "qwen2" }, { untied: true, biases: true }],
    ["qwen3 with an output of its own", { architecture: "qwen3" }, { untied: true }],
    ["gemma3 without sliding windows", { architecture: "gemma3", ropeScale: 0.5 }],
  ];
  for (const [name, change, extras] of shapes) {
    test(name, async () => {
      const path = file(`${name.replaceAll(" ", "-")}.gguf`);
      writeRandomModel(path, { ...SMALL, ...change }, 5, extras);
      const loaded = await loadModel(cpu(), path);
      const reference = await llama.loadModel({ modelPath: path });
      const row = ROWS[3]!;
      const [got] = await logitsOf(loaded, [row]);
      expectSame(got!, await llamaLogits(reference, row), 1e-3);
      loaded.free();
      await reference.dispose();
    });
  }
});
