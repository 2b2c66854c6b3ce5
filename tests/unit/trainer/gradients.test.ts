import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Graph, RopeOptions } from "../../../trainer/ggml/graph.ts";
import { F32, type Shape, shape, type Tensor } from "../../../trainer/ggml/tensor.ts";
import { type Activation, activate, activateBack } from "../../../trainer/layers/activation.ts";
import { attention, attentionBack } from "../../../trainer/layers/attention.ts";
import { feedForward, feedForwardBack } from "../../../trainer/layers/feedforward.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
import { biasName, type Linear, linear, linearBack } from "../../../trainer/layers/linear.ts";
import { targetLossBack, targetScores } from "../../../trainer/layers/loss.ts";
import { norm, normBack } from "../../../trainer/layers/norm.ts";
import { ROWS_AT_A_TIME } from "../../../trainer/layers/transposed.ts";
import { windowAttention, windowAttentionBack } from "../../../trainer/layers/window.ts";
import { maskShape, pack } from "../../../trainer/model/packing.ts";
import { randomRow } from "../../support/rows.ts";
import {
  allocator,
  backend,
  type Computation,
  derive,
  expectGradients,
  freeParameters,
  gradientError,
  inGraph,
  input,
  parameters,
  TOLERANCE,
} from "./finite-differences.ts";

setDefaultTimeout(120_000);

afterAll(freeParameters);

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
  test("frozen, transposed piece by piece", async () => {
    const rows = 2 * ROWS_AT_A_TIME.cpu + 7;
    const tensors = parameters({ x: shape(13, TOKENS), "w.weight": shape(13, rows) });
    const layer = linearOf("w.weight", tensors, {});
    const x = tensors.get("x") as Tensor;
    await expectGradients(
      (g) => {
        const { y, saved } = linear(g, layer, x);
        return {
          y,
          back: (w, gradients) => {
            const dx = linearBack(g, layer, saved, input(g, w, y), gradients, true);
            gradients.add("x", dx as Tensor);
            return gradients;
          },
        };
      },
      new Map([["x", x]]),
    );
  });
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

  const check = async (
    kind: LinearKind,
    rope: Partial<RopeOptions> = {},
    headNorms = false,
  ): Promise<void> => {
    const shapes: Record<string, Shape> = { x: shape(WIDTH, TOKENS) };
    if (headNorms) Object.assign(shapes, { qNorm: shape(headDim), kNorm: shape(headDim) });
    for (const [name, [nIn, nOut]] of Object.entries(projections)) {
      shapes[name] = shape(nIn, nOut);
      if (kind.lora) Object.assign(shapes, loraShapes(name, nIn, nOut));
    }
    const tensors = parameters(shapes, 0.4);
    const norm = (name: string) => ({
      name,
      weight: tensors.get(name) as Tensor,
      trainable: true,
      eps: 1e-5,
    });
    const layer = {
      ...(headNorms && { qNorm: norm("qNorm"), kNorm: norm("kNorm") }),
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
    const checked = [...tensors].filter(([name]) => kind.trainable || !(name in projections));
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
  test("halves of the head's dimensions turned together", () => check({ lora: true }, { mode: 2 }));
  test("with norms of each head", () => check({ trainable: true }, { mode: 2 }, true));
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
