import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { GgufWriter } from "../../../trainer/ggml/gguf-writer.ts";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { dequantize } from "../../../trainer/ggml/quantize.ts";
import { BF16, elements, F16, F32 } from "../../../trainer/ggml/tensor.ts";
import { attach, createAdapter } from "../../../trainer/lora/adapter.ts";
import { modelBytes } from "../../../trainer/model/bytes.ts";
import { backward, forward } from "../../../trainer/model/forward.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { type PackedBatch, pack } from "../../../trainer/model/packing.ts";
import type { TransposeMode } from "../../../trainer/model/transposes.ts";
import { nodeBudget } from "../../../trainer/training/step-graph.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { SMALL, wide, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { backend, gaussian } from "./finite-differences.ts";
import { jobOn, scratch } from "./fixture.ts";

setDefaultTimeout(60_000);

const { file, remove } = scratch("gradients-types");
afterAll(remove);

const [Q4_0, Q8_0, Q4_K, Q6_K] = [2, 8, 12, 14];
const BASES: Record<string, (name: string) => number> = {
  F16: () => F16,
  BF16: () => BF16,
  Q8_0: () => Q8_0,
  Q4_0: () => Q4_0,
  Q4_K: () => Q4_K,
  "Q4_K and Q6_K": (name) => (/attn_v|ffn_down|token_embd/.test(name) ? Q6_K : Q4_K),
};

/** More rows than are transposed at a time, and no multiple of them. */
const HYPER: Hyperparameters = { ...wide(SMALL), feedForward: 768 };
const BATCH = pack([randomRow(61, 1, 258), randomRow(90, 2, 258, 20)]);

interface Step {
  gradients: Map<string, Float32Array>;
  /** Of the graph's tensors. */
  bytes: number;
}

/** The gradients of a seeded adapter's tensors, and what the graph took. */
async function step(loaded: LoadedModel, batch: PackedBatch): Promise<Step> {
  const { model } = loaded;
  const options = { rank: 4, alpha: 8, targets: [...LORA_TARGETS] };
  const adapter = createAdapter(backend, model, options, 5);
  for (const [name, t] of adapter.tensors) {
    if (name.endsWith("lora_b")) backend.upload(t, gaussian(elements(t), name, 0.1));
  }
  attach(model, adapter, true);
  const allocator = new GraphAllocator(backend);
  const g = new Graph(backend, nodeBudget(model, batch));
  try {
    const weights = new Float32Array(batch.labels.length).fill(1 / batch.labels.length);
    const { gradients } = backward(g, model, batch, forward(g, model, batch), weights);
    const outputs = [...gradients.byName].map(([name, t]) => [name, g.output(t)] as const);
    await g.run(allocator);
    return {
      gradients: new Map(outputs.map(([name, t]) => [name, backend.download(t)])),
      bytes: allocator.bytes,
    };
  } finally {
    g.free();
    allocator.free();
    adapter.free();
    attach(model, undefined, false);
  }
}

async function stepOn(path: string, transposes: TransposeMode, batch = BATCH): Promise<Step> {
  const loaded = await loadModel(backend, path, { transposes });
  try {
    return await step(loaded, batch);
  } finally {
    loaded.free();
  }
}

/** The same model with every weight as the number that it stands for, in F32. */
function writeDequantized(path: string, out: string): void {
  const base = GgufFile.open(path);
  const tensors = [...base.tensors.values()];
  const specs = tensors.map(({ name, ne }) => ({ name, ne, type: F32 }));
  const writer = GgufWriter.create(backend.library, out, { metadata: {}, tensors: specs }, base);
  for (const tensor of tensors) {
    const values = dequantize(backend.library, tensor.type, base.read(tensor));
    writer.append(new Uint8Array(values.buffer));
  }
  writer.publish();
  base.close();
}

/** ‖a - b‖ / ‖b‖ over all tensors, and of the tensor where it is largest. */
function differences(a: Step, b: Step): { overall: number; largest: number } {
  let [difference, size, largest] = [0, 0, 0];
  for (const [name, values] of a.gradients) {
    const reference = b.gradients.get(name)!;
    const d = values.reduce((sum, x, i) => sum + (x - reference[i]!) ** 2, 0);
    const s = reference.reduce((sum, x) => sum + x * x, 0);
    largest = Math.max(largest, Math.sqrt(d / s));
    difference += d;
    size += s;
  }
  return { overall: Math.sqrt(difference / size), largest };
}

describe("gradients through", () => {
  for (const [type, typeOf] of Object.entries(BASES)) {
    test(type, async () => {
      const path = file(`${type}.gguf`);
      const plain = file(`${type}-f32.gguf`);
      writeRandomModel(path, HYPER, 3, { typeOf });
      writeDequantized(path, plain);
      const cached = await stepOn(path, "cached");
      const perLayer = await stepOn(path, "per-layer");
      const exact = await stepOn(plain, "cached");
      const between = differences(perLayer, cached);
      const rounding = differences(cached, exact);
      if (process.env.SELKIE_DEBUG) console.log(type, between, rounding);
      // The same products, summed in another order.
      expect(between.largest).toBeLessThan(5e-3);
      // Activations are rounded to 16 bits, or to 8 for quantized weights, on the way.
      const limit = [F16, BF16].includes(typeOf("")) ? 0.01 : 0.05;
      expect(rounding.overall).toBeLessThan(limit);
      expect(rounding.largest).toBeLessThan(2 * limit);
    });
  }
});

test("training follows the same losses with both kinds of transposes", async () => {
  const path = file("curve.gguf");
  writeRandomModel(path, HYPER, 3, { typeOf: BASES["Q4_K and Q6_K"]! });
  const curve = async (transposes: TransposeMode): Promise<number[]> => {
    const loaded = await loadModel(backend, path, { transposes });
    try {
      return (await trainAdapter(loaded, jobOn(file("curve-lora.gguf")))).losses;
    } finally {
      loaded.free();
    }
  };
  const cached = await curve("cached");
  const perLayer = await curve("per-layer");
  expect(cached.at(-1)!).toBeLessThan(cached[0]! - 0.5);
  cached.forEach((loss, i) => {
    expect(Math.abs(perLayer[i]! / loss - 1)).toBeLessThan(0.01);
  });
});

describe("memory", () => {
  const deep: Hyperparameters = { ...HYPER, layers: 5, feedForward: 2048 };
  const modes = ["cached", "per-layer"] as const;

  const bases = { F32: () => F32, Q8_0: BASES.Q8_0!, mixed: BASES["Q4_K and Q6_K"]! };
  for (const [type, typeOf] of Object.entries(bases)) {
    for (const mode of modes) {
      test(`of a model is known from its header: ${type}, ${mode}`, async () => {
        const path = file("header.gguf");
        writeRandomModel(path, HYPER, 3, { typeOf, untied: mode === "cached" });
        const header = GgufFile.open(path);
        const { weights, transposes } = modelBytes(header, mode, true);
        header.close();
        const loaded = await loadModel(backend, path, { transposes: mode });
        expect(weights + transposes).toBeGreaterThanOrEqual(loaded.bytes);
        expect(weights + transposes).toBeLessThan(loaded.bytes * 1.01);
        if (mode === "per-layer") expect(transposes).toBe(0);
        loaded.free();
      });
    }
  }

  test("of transposes made per layer is that of one piece, whatever the layers", async () => {
    const path = file("deep.gguf");
    writeRandomModel(path, deep, 3, { typeOf: () => Q4_K });
    const header = GgufFile.open(path);
    const { scratch } = modelBytes(header, "per-layer", true);
    const kept = modelBytes(header, "cached", true);
    header.close();
    const batch = pack([randomRow(20, 1, 258)]);
    const cached = await stepOn(path, "cached", batch);
    const perLayer = await stepOn(path, "per-layer", batch);
    expect(perLayer.bytes - cached.bytes).toBeLessThan(1.5 * scratch);
    // One projection of one layer, of seven of five.
    expect(scratch).toBeLessThan(kept.transposes / 4);
  });
});
