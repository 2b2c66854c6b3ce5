import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Graph, GraphAllocator, type RopeOptions } from "../../../trainer/ggml/graph.ts";
import { elements, F32, type Shape, shape, type Tensor } from "../../../trainer/ggml/tensor.ts";
import { type Activation, activate, activateBack } from "../../../trainer/layers/activation.ts";
import { attention, attentionBack } from "../../../trainer/layers/attention.ts";
import { feedForward, feedForwardBack } from "../../../trainer/layers/feedforward.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
import { biasName, type Linear, linear, linearBack } from "../../../trainer/layers/linear.ts";
import { targetLossBack, targetScores } from "../../../trainer/layers/loss.ts";
import { norm, normBack } from "../../../trainer/layers/norm.ts";
import { windowAttention, windowAttentionBack } from "../../../trainer/layers/window.ts";
import { attach, createAdapter } from "../../../trainer/lora/adapter.ts";
import { backward, forward } from "../../../trainer/model/forward.ts";
import { scoreTargets, targetLoss } from "../../../trainer/model/head.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import {
  assembleModel,
  expectedTensors,
  type Model,
  OUTPUT,
} from "../../../trainer/model/model.ts";
import { maskShape, pack } from "../../../trainer/model/packing.ts";
import { normal, random, seedFor } from "../../../trainer/random.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { cpu, relativeDifference, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

/** Largest error that is put down to float32, relative to the derivative's usual size. */
const TOLERANCE = 1e-2;
/** Length of a step along a direction, relative to the parameter's own. */
const STEP = 1e-2;
const DIRECTIONS = 3;

const backend = cpu();
const allocator = new GraphAllocator(backend);
const { file, remove } = scratch("gradients");
const cleanups: (() => void)[] = [() => allocator.free(), remove];
afterAll(() => {
  for (const cleanup of cleanups.reverse()) cleanup();
});

/** Adds a computation to a graph: its result, and the gradients of Σ w ∘ result, given w. */
type Computation = (g: Graph) => {
  y: Tensor;
  back: (w: Float32Array, gradients: Gradients) => Gradients;
};

const gaussian = (count: number, name: string, deviation = 1): Float32Array =>
  normal(count, deviation, random(seedFor(11, name)));

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  a.forEach((x, i) => {
    sum += x * (b[i] as number);
  });
  return sum;
}

/** Tensors with seeded values on the device. */
function parameters(shapes: Record<string, Shape>, deviation = 0.5): Map<string, Tensor> {
  const arena = backend.allocate(Object.entries(shapes).map(([name, ne]) => ({ name, ne })));
  cleanups.push(arena.free);
  for (const [name, t] of arena.tensors) {
    backend.upload(t, gaussian(elements(t), name, deviation));
  }
  return arena.tensors;
}

async function inGraph<T>(work: (g: Graph) => Promise<T>): Promise<T> {
  const g = new Graph(backend, 8192);
  try {
    return await work(g);
  } finally {
    g.free();
  }
}

/** The result of a computation, and what its backward gives for each parameter. */
async function derive(computation: Computation, names: Iterable<string>) {
  const result = await evaluate(computation);
  const w = gaussian(result.length, "weights");
  const gradients = await inGraph(async (g) => {
    const { back } = computation(g);
    const { byName } = back(w, new Gradients(g));
    const outputs = [...names].map((name) => {
      const gradient = byName.get(name);
      if (!gradient) throw new Error(`no gradient of ${name}`);
      return [name, g.output(g.contiguous(gradient))] as const;
    });
    await g.run(allocator);
    return new Map(outputs.map(([name, t]) => [name, backend.download(t)]));
  });
  return { w, gradients };
}

function evaluate(computation: Computation): Promise<Float32Array> {
  return inGraph(async (g) => {
    const y = g.output(computation(g).y);
    await g.run(allocator);
    return backend.download(y);
  });
}

/**
 * Error of one parameter's gradient: central differences of Σ w ∘ y along random directions against
 * the gradient's component there, relative to the size that such a component usually has.
 */
async function gradientError(
  computation: Computation,
  parameter: Tensor,
  w: Float32Array,
  gradient: Float32Array,
  step = STEP,
): Promise<number> {
  const count = elements(parameter);
  expect(gradient.length).toBe(count);
  const origin = backend.download(parameter);
  const rms = Math.sqrt(dot(origin, origin) / count) || 1;
  let worst = 0;
  for (let i = 0; i < DIRECTIONS; i++) {
    const direction = gaussian(count, `direction ${i}`);
    const at = async (distance: number): Promise<number> => {
      backend.upload(
        parameter,
        origin.map((x, j) => x + distance * (direction[j] as number)),
      );
      return dot(await evaluate(computation), w);
    };
    const h = step * rms;
    const numeric = ((await at(h)) - (await at(-h))) / (2 * h);
    const exact = dot(gradient, direction);
    const usual = Math.sqrt(dot(gradient, gradient));
    const error = Math.abs(numeric - exact) / Math.max(Math.abs(exact), usual);
    worst = Math.max(worst, error);
  }
  backend.upload(parameter, origin);
  return worst;
}

async function expectGradients(
  computation: Computation,
  tensors: Map<string, Tensor>,
  step = STEP,
): Promise<void> {
  const { w, gradients } = await derive(computation, tensors.keys());
  const errors: [string, number][] = [];
  for (const [name, tensor] of tensors) {
    const gradient = gradients.get(name) as Float32Array;
    errors.push([name, await gradientError(computation, tensor, w, gradient, step)]);
  }
  if (process.env.SELKIE_DEBUG) console.log(errors);
  // A NaN is no small error.
  expect(errors.filter(([, error]) => !(error < TOLERANCE))).toEqual([]);
}

interface LinearKind {
  lora?: boolean;
  trainable?: boolean;
  transpose?: boolean;
  bias?: boolean;
}

/** A linear layer over tensors `<name>`, `<name>.lora_a` and `<name>.lora_b`. */
function linearOf(name: string, tensors: Map<string, Tensor>, kind: LinearKind): Linear {
  const get = (suffix: string): Tensor => tensors.get(`${name}${suffix}`) as Tensor;
  return {
    name,
    weight: get(""),
    ...(kind.bias && { bias: tensors.get(biasName(name)) as Tensor }),
    trainable: kind.trainable ?? false,
    computeType: F32,
    ...(kind.lora && {
      lora: { a: get(".lora_a"), b: get(".lora_b"), scale: 1.5, trainable: true },
    }),
  };
}

const loraShapes = (name: string, nIn: number, nOut: number, rank = 3): Record<string, Shape> => ({
  [`${name}.lora_a`]: shape(nIn, rank),
  [`${name}.lora_b`]: shape(rank, nOut),
});

const input = (g: Graph, w: Float32Array, like: Tensor): Tensor => g.input(w, F32, like.ne);

describe("linear", () => {
  const TOKENS = 9;
  const shapes = {
    x: shape(13, TOKENS),
    "w.weight": shape(13, 17),
    "w.bias": shape(17),
    ...loraShapes("w.weight", 13, 17),
  };
  const check = async (kind: LinearKind, names: string[]): Promise<void> => {
    const tensors = parameters(shapes);
    const layer = linearOf("w.weight", tensors, kind);
    if (kind.transpose) {
      const { wt } = Object.fromEntries(parameters({ wt: shape(17, 13) }));
      await inGraph(async (g) => {
        g.effect(g.copy(g.transposed(layer.weight), wt as Tensor));
        await g.run(allocator);
      });
      layer.transpose = wt;
    }
    const x = tensors.get("x") as Tensor;
    const computation: Computation = (g) => {
      const { y, saved } = linear(g, layer, x);
      return {
        y,
        back: (w, gradients) => {
          const dx = linearBack(g, layer, saved, input(g, w, y), gradients, true);
          gradients.add("x", dx as Tensor);
          return gradients;
        },
      };
    };
    const chosen = new Map(names.map((name) => [name, tensors.get(name) as Tensor]));
    await expectGradients(computation, chosen);
  };

  test("frozen", () => check({}, ["x"]));
  test("frozen, by a cached transpose", () => check({ transpose: true }, ["x"]));
  test("with a low-rank update", () =>
    check({ lora: true }, ["x", "w.weight.lora_a", "w.weight.lora_b"]));
  test("trained", () => check({ trainable: true }, ["x", "w.weight"]));
  test("frozen, with a bias and a low-rank update", () =>
    check({ bias: true, lora: true }, ["x", "w.weight.lora_a", "w.weight.lora_b"]));
  test("trained, with a bias", () =>
    check({ trainable: true, bias: true }, ["x", "w.weight", "w.bias"]));
  test("trained, with a low-rank update", () =>
    check({ trainable: true, lora: true }, [
      "x",
      "w.weight",
      "w.weight.lora_a",
      "w.weight.lora_b",
    ]));

  test("a frozen layer has no gradients, and none of its input when nobody needs it", async () => {
    const tensors = parameters(shapes);
    const layer = linearOf("w.weight", tensors, {});
    await inGraph(async (g) => {
      const { y, saved } = linear(g, layer, tensors.get("x") as Tensor);
      const gradients = new Gradients(g);
      expect(linearBack(g, layer, saved, y, gradients, false)).toBeUndefined();
      expect(gradients.byName.size).toBe(0);
    });
  });
});

describe("activation", () => {
  for (const activation of ["silu", "gelu"] as const) {
    test(activation, async () => {
      const tensors = parameters({ x: shape(23, 9) }, 1.5);
      await expectGradients((g) => {
        const { y, saved } = activate(g, activation, tensors.get("x") as Tensor);
        return {
          y,
          back: (w, gradients) => {
            gradients.add("x", activateBack(g, saved, input(g, w, y)));
            return gradients;
          },
        };
      }, tensors);
    });
  }
});

test("norm", async () => {
  const tensors = parameters({ x: shape(19, 5), w: shape(19) });
  const layer = { name: "w", weight: tensors.get("w") as Tensor, trainable: true, eps: 1e-5 };
  await expectGradients((g) => {
    const { y, saved } = norm(g, layer, tensors.get("x") as Tensor);
    return {
      y,
      back: (w, gradients) => {
        gradients.add("x", normBack(g, layer, saved, input(g, w, y), gradients));
        return gradients;
      },
    };
  }, tensors);
});

describe("feed forward", () => {
  const shapes = {
    x: shape(11, 7),
    gate: shape(11, 23),
    up: shape(11, 23),
    down: shape(23, 11),
  };
  const check = async (
    kind: LinearKind,
    extra: Record<string, Shape>,
    activation: Activation = "silu",
  ): Promise<void> => {
    const tensors = parameters({ ...shapes, ...extra });
    const layer = {
      gate: linearOf("gate", tensors, kind),
      up: linearOf("up", tensors, kind),
      down: linearOf("down", tensors, kind),
      activation,
    };
    const checked = [...tensors].filter(
      ([name]) => kind.trainable || name === "x" || name.includes("lora"),
    );
    await expectGradients((g) => {
      const { y, saved } = feedForward(g, layer, tensors.get("x") as Tensor);
      return {
        y,
        back: (w, gradients) => {
          gradients.add("x", feedForwardBack(g, layer, saved, input(g, w, y), gradients));
          return gradients;
        },
      };
    }, new Map(checked));
  };

  test("trained", () => check({ trainable: true }, {}));
  test("trained, with GELU", () => check({ trainable: true }, {}, "gelu"));
  test("with low-rank updates", () =>
    check(
      { lora: true },
      { ...loraShapes("gate", 11, 23), ...loraShapes("up", 11, 23), ...loraShapes("down", 23, 11) },
    ));
});

/** Rows of odd lengths in two attention windows, the first of which two rows share. */
const BATCH = pack([randomRow(5, 1, 50), randomRow(3, 2, 50), randomRow(7, 3, 50)], 9);
const TOKENS = BATCH.tokens.length;

const windowsOf = (g: Graph) =>
  BATCH.windows.map((window) => ({
    start: window.start,
    count: window.count,
    mask: g.input(window.mask, F32, maskShape(window)),
  }));

describe("attention in a window", () => {
  for (const [heads, kvHeads] of [
    [3, 3],
    [4, 2],
    [6, 2],
    [4, 1],
  ] as const) {
    test(`${heads} heads on ${kvHeads} key heads`, async () => {
      const tensors = parameters({
        q: shape(6, heads, TOKENS),
        k: shape(6, kvHeads, TOKENS),
        v: shape(6, kvHeads, TOKENS),
      });
      const get = (name: string): Tensor => tensors.get(name) as Tensor;
      await expectGradients((g) => {
        const parts = windowsOf(g).map((window) =>
          windowAttention(g, window, get("q"), get("k"), get("v"), 0.4),
        );
        const y = g.concatAll(
          parts.map((part) => part.y),
          2,
        );
        return {
          y,
          back: (w, gradients) => {
            const dy = input(g, w, y);
            const back = parts.map((part) => windowAttentionBack(g, part.saved, dy, 0.4));
            for (const name of ["q", "k", "v"] as const) {
              const all = back.map((part) => part[`d${name}` as const]);
              gradients.add(name, g.concatAll(all, 2));
            }
            return gradients;
          },
        };
      }, tensors);
    });
  }
});

describe("attention", () => {
  const WIDTH = 14;
  const [heads, kvHeads, headDim] = [4, 2, 8];
  const projections = {
    q: [WIDTH, heads * headDim],
    k: [WIDTH, kvHeads * headDim],
    v: [WIDTH, kvHeads * headDim],
    output: [heads * headDim, WIDTH],
  } as const;

  const check = async (kind: LinearKind, rope: Partial<RopeOptions> = {}): Promise<void> => {
    const shapes: Record<string, Shape> = { x: shape(WIDTH, TOKENS) };
    for (const [name, [nIn, nOut]] of Object.entries(projections)) {
      shapes[name] = shape(nIn, nOut);
      if (kind.lora) Object.assign(shapes, loraShapes(name, nIn, nOut));
    }
    const tensors = parameters(shapes, 0.4);
    const layer = {
      q: linearOf("q", tensors, kind),
      k: linearOf("k", tensors, kind),
      v: linearOf("v", tensors, kind),
      output: linearOf("output", tensors, kind),
      heads,
      kvHeads,
      headDim,
      scale: 0.4,
      sliding: false,
      rope: { dims: headDim, mode: 0, base: 100, scale: 1, contextLength: 64, ...rope },
    };
    const checked = [...tensors].filter(
      ([name]) => kind.trainable || name === "x" || name.includes("lora"),
    );
    await expectGradients((g) => {
      const windows = windowsOf(g);
      const batch = { positions: g.ints(BATCH.positions), windows, slidingWindows: windows };
      const { y, saved } = attention(g, layer, batch, tensors.get("x") as Tensor);
      return {
        y,
        back: (w, gradients) => {
          const dx = attentionBack(g, layer, batch, saved, input(g, w, y), gradients, true);
          gradients.add("x", dx as Tensor);
          return gradients;
        },
      };
    }, new Map(checked));
  };

  test("trained", () => check({ trainable: true }));
  test("with low-rank updates", () => check({ lora: true }));
  test("a part of the head's dimensions turned, positions scaled", () =>
    check({ lora: true }, { dims: 4, scale: 0.5 }));
  test("divided frequencies", () => {
    const { factors } = Object.fromEntries(parameters({ factors: shape(headDim / 2) }));
    backend.upload(factors as Tensor, new Float32Array([1, 1.5, 4, 8]));
    return check({ lora: true }, { factors: factors as Tensor });
  });
});

test("loss", async () => {
  const tensors = parameters({ logits: shape(31, 6) }, 2);
  const labels = Int32Array.from([0, 30, 4, 4, 17, 9]);
  await expectGradients((g) => {
    const scores = targetScores(g, tensors.get("logits") as Tensor, labels);
    return {
      y: g.scale(scores.logprob, -1),
      back: (w, gradients) => {
        gradients.add("logits", g.mul(targetLossBack(g, scores), g.input(w, F32, shape(1, 6))));
        return gradients;
      },
    };
  }, tensors);
});

describe("the whole model", () => {
  const hyper: Hyperparameters = { ...SMALL, vocabulary: 61, width: 36, feedForward: 50 };
  const batch = pack(
    [randomRow(11, 1, 61), randomRow(23, 2, 61, 5), randomRow(2, 3, 61), randomRow(17, 4, 61)],
    40,
  );

  const lossOf =
    (model: Model): Computation =>
    (g) => {
      const pass = forward(g, model, batch);
      const [scored] = scoreTargets(g, model, pass.hidden, batch.labels);
      return {
        y: g.scale(scored!.logprob, -1),
        back: (w) => backward(g, model, batch, pass, w).gradients,
      };
    };

  const withWeights = (untied: boolean): { model: Model; tensors: Map<string, Tensor> } => {
    const shapes = Object.fromEntries(expectedTensors(hyper));
    if (untied) shapes[OUTPUT] = shape(hyper.width, hyper.vocabulary);
    const tensors = parameters(shapes);
    for (const [name, t] of tensors) {
      const deviation = name.endsWith("norm.weight") ? 0.2 : 1 / Math.sqrt(t.ne[0]);
      const values = gaussian(elements(t), name, deviation);
      backend.upload(t, name.endsWith("norm.weight") ? values.map((x) => x + 1) : values);
    }
    const model = assembleModel(hyper, tensors, {
      trainable: true,
      transposes: new Map(),
      computeType: F32,
    });
    return { model, tensors };
  };

  test("every weight, with the embedding as output", async () => {
    const { model, tensors } = withWeights(false);
    await expectGradients(lossOf(model), tensors);
  });

  test("whatever the size of the head's chunks", async () => {
    const { model } = withWeights(true);
    const run = async (chunkCells?: number): Promise<Float32Array[]> => {
      const g = new Graph(backend);
      const gradients = new Gradients(g);
      const { hidden } = forward(g, model, batch);
      const weights = gaussian(batch.labels.length, "weights", 1);
      const chunk = chunkCells === undefined ? [] : [chunkCells];
      const loss = targetLoss(g, model, hidden, batch.labels, weights, gradients, ...chunk);
      const scored = scoreTargets(g, model, hidden, batch.labels, ...chunk);
      const wanted = [loss.logprob, loss.dHidden, ...gradients.byName.values()].map((t) =>
        g.output(t),
      );
      const allocator = new GraphAllocator(backend);
      await g.run(allocator);
      const values = wanted.map((t) => backend.download(t));
      values.push(Float32Array.from(scored.flatMap((s) => [...backend.download(s.logprob)])));
      values.push(Float32Array.from(scored.flatMap((s) => [...backend.downloadInts(s.best)])));
      g.free();
      allocator.free();
      return values;
    };
    const whole = await run();
    const cut = await run(7 * hyper.vocabulary);
    whole.forEach((values, i) => {
      expect(relativeDifference(cut[i]!, values)).toBeLessThan(1e-5);
    });
    expect(relativeDifference(whole[0]!, whole.at(-2)!)).toBeLessThan(1e-6);
  });

  test("every weight, with an output of its own", async () => {
    const { model, tensors } = withWeights(true);
    await expectGradients(lossOf(model), tensors);
  });

  test("every adapter tensor, on a model as it is loaded", async () => {
    const path = file("base.gguf");
    writeRandomModel(path);
    const loaded = await loadModel(backend, path);
    cleanups.push(loaded.free);
    const options = { rank: 3, alpha: 6, targets: [...LORA_TARGETS] };
    const adapter = createAdapter(backend, loaded.model, options, 5);
    cleanups.push(adapter.free);
    for (const [name, t] of adapter.tensors) {
      if (name.endsWith("lora_b")) backend.upload(t, gaussian(elements(t), name, 0.1));
    }
    attach(loaded.model, adapter, true);
    expect(adapter.tensors.size).toBe(2 * LORA_TARGETS.length * SMALL.layers);
    await expectGradients(lossOf(loaded.model), adapter.tensors);
  });
});

describe("the check itself", () => {
  test("detects a gradient that is off by 5 %, turned, or missing a part", async () => {
    const tensors = parameters({ x: shape(11, 7), w: shape(11, 13) });
    const layer = linearOf("w", tensors, { trainable: true });
    const computation: Computation = (g) => {
      const { y, saved } = linear(g, layer, tensors.get("x") as Tensor);
      return {
        y,
        back: (w, gradients) => {
          linearBack(g, layer, saved, input(g, w, y), gradients, false);
          return gradients;
        },
      };
    };
    const { w, gradients } = await derive(computation, ["w"]);
    const right = gradients.get("w") as Float32Array;
    const wrong = [
      right.map((x) => x * 1.05),
      right.map((x) => -x),
      right.toReversed(),
      right.map((x, i) => (i < right.length / 8 ? 0 : x)),
    ];
    const error = (gradient: Float32Array): Promise<number> =>
      gradientError(computation, layer.weight, w, gradient);
    expect(await error(right)).toBeLessThan(TOLERANCE);
    for (const gradient of wrong) expect(await error(gradient)).toBeGreaterThan(TOLERANCE);
  });
});
