import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { elements, F32, shape, type Tensor } from "../../../trainer/ggml/tensor.ts";
import { DropoutMasks } from "../../../trainer/layers/dropout.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
import { type Adapter, attach, createAdapter } from "../../../trainer/lora/adapter.ts";
import type { LoraOptions } from "../../../trainer/lora/options.ts";
import { anchoredLoss } from "../../../trainer/model/divergence.ts";
import {
  backward,
  blockInput,
  type ForwardOptions,
  forward,
  lowestTrained,
} from "../../../trainer/model/forward.ts";
import { logits, scoreTargets } from "../../../trainer/model/head.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { pack } from "../../../trainer/model/packing.ts";
import { clipped, globalNorm } from "../../../trainer/training/clip.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { SMALL, VOCABULARY, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { allocator, backend, expectGradients, gaussian, inGraph } from "./finite-differences.ts";
import { relativeDifference, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("train-gradients");
const hyper = { ...SMALL, width: 36, feedForward: 50, layers: 3 };
const rows = [
  randomRow(11, 1, VOCABULARY),
  randomRow(23, 2, VOCABULARY, 5),
  randomRow(17, 4, VOCABULARY),
];
const batch = pack(rows, 40);
let loaded: LoadedModel;
let adapter: Adapter;

beforeAll(async () => {
  writeRandomModel(file("base.gguf"), hyper);
  loaded = await loadModel(backend, file("base.gguf"));
  adapter = withAdapter();
});
afterAll(() => {
  attach(loaded.model, undefined, false);
  adapter.free();
  loaded.free();
  remove();
});

/** An adapter whose B are no zeros. */
function withAdapter(change: Partial<LoraOptions> = {}): Adapter {
  const options = { rank: 3, alpha: 6, targets: [...LORA_TARGETS], ...change };
  const made = createAdapter(backend, loaded.model, options, 5);
  for (const [name, t] of made.tensors) {
    if (name.endsWith("lora_b")) backend.upload(t, gaussian(elements(t), name, 0.1));
  }
  return made;
}

/** -log p of each target, and gradients. */
const lossOf =
  (options: ForwardOptions = {}) =>
  (g: Graph) => {
    const pass = forward(g, loaded.model, batch, options);
    const [scored] = scoreTargets(g, loaded.model, pass.hidden, batch.labels);
    return {
      y: g.scale(scored!.logprob, -1),
      back: (w: Float32Array) => backward(g, loaded.model, batch, pass, w).gradients,
    };
  };

/** All gradients of a forward pass, and the bytes that its graph takes. */
async function gradientsOf(options: ForwardOptions = {}) {
  const own = new GraphAllocator(backend);
  const g = new Graph(backend);
  const weights = new Float32Array(batch.labels.length).fill(1 / batch.labels.length);
  const pass = forward(g, loaded.model, batch, options);
  const { gradients } = backward(g, loaded.model, batch, pass, weights);
  for (const t of gradients.byName.values()) g.output(t);
  await g.run(own);
  const byName = new Map([...gradients.byName].map(([n, t]) => [n, backend.download(t)]));
  const { bytes } = own;
  g.free();
  own.free();
  return { byName, bytes };
}

describe("activation checkpointing", () => {
  test("gives the same gradients from less memory", async () => {
    attach(loaded.model, adapter, true);
    const kept = await gradientsOf();
    const again = await gradientsOf({ recompute: true });
    expect([...again.byName.keys()]).toEqual([...kept.byName.keys()]);
    for (const [name, gradient] of kept.byName) {
      expect(relativeDifference(again.byName.get(name)!, gradient)).toBeLessThan(1e-6);
    }
    expect(again.bytes).toBeLessThan(0.6 * kept.bytes);
  });

  test("agrees with finite differences", async () => {
    attach(loaded.model, adapter, true);
    await expectGradients(lossOf({ recompute: true }), adapter.tensors);
  });
});

describe("frozen lower blocks", () => {
  test("the backward pass ends at the lowest adapted block", async () => {
    const upper = withAdapter({ layers: { from: 1 } });
    attach(loaded.model, upper, true);
    expect(lowestTrained(loaded.model)).toBe(1);
    await expectGradients(lossOf(), upper.tensors);
    upper.free();
  });

  test("their result can be kept: the same gradients", async () => {
    const upper = withAdapter({ layers: [2], targets: ["ffn_up"] });
    attach(loaded.model, upper, true);
    const whole = await gradientsOf();
    const x = await inGraph(async (g) => {
      const input = g.output(blockInput(g, loaded.model, batch, 2));
      await g.run(allocator);
      return backend.download(input);
    });
    const from = await gradientsOf({ from: { block: 2, x } });
    expect([...from.byName.keys()].toSorted()).toEqual([...upper.tensors.keys()]);
    for (const [name, gradient] of whole.byName) {
      expect(relativeDifference(from.byName.get(name)!, gradient)).toBeLessThan(1e-6);
    }
    upper.free();
  });

  test("nothing adapted, nothing trained", () => {
    attach(loaded.model, adapter, false);
    expect(lowestTrained(loaded.model)).toBe(3);
  });
});

describe("dropout", () => {
  const SHARE = 0.3;
  const largest = hyper.heads * hyper.headDim * batch.tokens.length;

  test("agrees with finite differences, recomputed or not", async () => {
    let masks: DropoutMasks;
    attach(loaded.model, adapter, true, (_, name, x) => masks.mask(name, x));
    for (const recompute of [false, true]) {
      const masked = (g: Graph) => {
        masks = new DropoutMasks(g, SHARE, 9, largest);
        return lossOf({ recompute })(g);
      };
      await expectGradients(masked, adapter.tensors);
    }
  });

  const draw = (seed: number, names: string[]): Promise<Float32Array[]> =>
    inGraph(async (g) => {
      const masks = new DropoutMasks(g, SHARE, seed, 100_000);
      const x = g.input(new Float32Array(100_000), F32, shape(100, 1000));
      const drawn = names.map((name) => g.output(g.contiguous(masks.mask(name, x))));
      await g.run(allocator);
      return drawn.map((t) => backend.download(t));
    });
  const share = (a: Float32Array): number => a.filter((v) => v === 0).length / a.length;

  test("leaves out its share, and scales the rest up", async () => {
    const [mask] = await draw(1, ["a"]);
    expect(share(mask!)).toBeCloseTo(SHARE, 2);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - SHARE))]));
    expect(mask!.reduce((a, b) => a + b, 0) / mask!.length).toBeCloseTo(1, 2);
  });

  test("masks repeat for a seed and a layer, and are otherwise independent", async () => {
    const [a, b, again] = await draw(1, ["a", "b", "a"]);
    expect(again).toEqual(a!);
    const [other] = await draw(2, ["a"]);
    for (const different of [b!, other!]) {
      const both = a!.filter((v, i) => v === 0 && different[i] === 0).length / a!.length;
      expect(both).toBeCloseTo(SHARE * SHARE, 2);
    }
  });
});

describe("KL to the base", () => {
  const targets = batch.labels.length;
  const { width } = hyper;
  const held = 20;
  const free = targets - held;

  /** The base's hidden states at the last targets. */
  async function baseStates(): Promise<Float32Array> {
    attach(loaded.model, undefined, false);
    return inGraph(async (g) => {
      const { hidden } = forward(g, loaded.model, batch);
      g.output(hidden);
      await g.run(allocator);
      return backend.download(hidden).slice(free * width);
    });
  }

  /** log p of all targets and KL of the last, beside gradients of a weighted sum. */
  const anchored = (base: Float32Array, chunkCells?: number) => (g: Graph) => {
    const { model } = loaded;
    const state = (): Tensor => g.input(base, F32, shape(width, held));
    const pass = forward(g, model, batch);
    const ones = new Float32Array(held).fill(1);
    const last = anchoredLoss(
      g,
      model,
      g.slice(pass.hidden, 1, free, held),
      batch.labels.slice(free),
      ones,
      { base: state(), weights: ones },
      new Gradients(g),
      chunkCells,
    );
    const [scored] = scoreTargets(g, model, pass.hidden, batch.labels);
    return {
      y: g.concat(scored!.logprob, last.kl, 1),
      back: (w: Float32Array) =>
        backward(
          g,
          model,
          batch,
          pass,
          w.slice(0, targets).map((x) => -x),
          {
            base: state(),
            weights: w.slice(targets),
          },
        ).gradients,
    };
  };

  test("agrees with finite differences beside the likelihood", async () => {
    const base = await baseStates();
    attach(loaded.model, adapter, true);
    await expectGradients(anchored(base), adapter.tensors);
  });

  test("is what its definition says, whatever the size of the chunks", async () => {
    const base = await baseStates();
    const predicted = (): Promise<Float32Array> =>
      inGraph(async (g) => {
        const { hidden } = forward(g, loaded.model, batch);
        const cells = g.output(logits(g, loaded.model, hidden));
        await g.run(allocator);
        return backend.download(cells);
      });
    const before = await predicted();
    attach(loaded.model, adapter, true);
    const after = await predicted();
    const n = hyper.vocabulary;
    const logSoftmax = (cells: Float32Array, row: number): number[] => {
      const values = [...cells.slice(row * n, (row + 1) * n)];
      const total = Math.log(values.reduce((sum, v) => sum + Math.exp(v), 0));
      return values.map((v) => v - total);
    };
    const expected = Array.from({ length: held }, (_, i) => {
      const [p, q] = [logSoftmax(before, free + i), logSoftmax(after, free + i)];
      return p.reduce((sum, lp, j) => sum + Math.exp(lp) * (lp - q[j]!), 0);
    });
    expect(Math.min(...expected)).toBeGreaterThan(1e-4);
    for (const chunkCells of [undefined, 7 * n]) {
      const y = await inGraph(async (g) => {
        const result = g.output(anchored(base, chunkCells)(g).y);
        await g.run(allocator);
        return backend.download(result).slice(targets);
      });
      y.forEach((kl, i) => {
        expect(kl / expected[i]!).toBeCloseTo(1, 3);
      });
    }
  });

  test("is nothing for an adapter that changes nothing", async () => {
    const base = await baseStates();
    const y = await inGraph(async (g) => {
      const result = g.output(anchored(base)(g).y);
      await g.run(allocator);
      return backend.download(result).slice(targets);
    });
    for (const kl of y) expect(Math.abs(kl)).toBeLessThan(1e-5);
  });
});

describe("clipping", () => {
  const values = { a: gaussian(35, "a"), b: gaussian(12, "b", 3) };
  const norm = Math.hypot(...values.a, ...values.b);

  async function clip(max: number) {
    return inGraph(async (g) => {
      const gradients = new Gradients(g);
      gradients.add("a", g.input(values.a, F32, shape(7, 5)));
      gradients.add("b", g.input(values.b, F32, shape(4, 3)));
      const size = g.output(globalNorm(g, gradients));
      const result = clipped(g, gradients, size, max);
      const out = [...result.byName.values()].map((t) => g.output(t));
      await g.run(allocator);
      return { norm: backend.download(size)[0]!, gradients: out.map((t) => backend.download(t)) };
    });
  }

  test("scales all gradients down to the norm", async () => {
    const result = await clip(0.5);
    expect(result.norm).toBeCloseTo(norm, 3);
    expect(Math.hypot(...result.gradients.flatMap((t) => [...t]))).toBeCloseTo(0.5, 4);
    expect(
      relativeDifference(
        result.gradients[1]!,
        values.b.map((x) => (x * 0.5) / norm),
      ),
    ).toBeLessThan(1e-5);
  });

  test("leaves smaller ones alone", async () => {
    const { gradients } = await clip(norm * 2);
    expect(gradients).toEqual([values.a, values.b]);
  });
});
