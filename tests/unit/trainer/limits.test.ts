import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WalkBackend, type WalkedNode } from "../../../trainer/devices/walk.ts";
import { Backend } from "../../../trainer/ggml/backend.ts";
import { Graph } from "../../../trainer/ggml/graph.ts";
import {
  breach,
  COMPOSABLE,
  composedOperations,
  LIMITS,
} from "../../../trainer/ggml/limits/limits.ts";
import { VARIANTS, type Variant } from "../../../trainer/ggml/locate.ts";
import { readNode } from "../../../trainer/ggml/node.ts";
import { BF16, F16, F32, shape } from "../../../trainer/ggml/tensor.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
import { forward } from "../../../trainer/model/forward.ts";
import { targetLoss } from "../../../trainer/model/head.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { pack } from "../../../trainer/model/packing.ts";
import type { TransposeMode } from "../../../trainer/model/transposes.ts";
import { scoreRowsUnder } from "../../../trainer/scoring/score.ts";
import { dryStep } from "../../../trainer/training/job-memory.ts";
import { Pretrainer } from "../../../trainer/training/pretrain.ts";
import type { TokenJob } from "../../../trainer/training/token-job.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, SMALL_OF, VOCABULARY, wide, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { cpu, failure, jobOn, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("limits");
afterAll(remove);

/** The last is longer than an attention window and than a sliding one. */
const ROWS = [
  randomRow(21, 1, VOCABULARY, 9),
  randomRow(33, 2, VOCABULARY),
  randomRow(150, 3, VOCABULARY),
];

const job = (options: Partial<TokenJob["options"]>, change: Partial<TokenJob> = {}): TokenJob =>
  jobOn("", { rows: ROWS, ...change, options: { ...jobOn("").options, ...options } });

const PLAIN = job({});

/** Between them, every option that changes what a step's graphs consist of. */
const JOBS: Record<string, { transposes: TransposeMode; job: TokenJob }> = {
  plain: { transposes: "cached", job: PLAIN },
  "several graphs, dropout, clipping, held to the base": {
    transposes: "per-layer",
    job: job(
      { microBatchTokens: 60, dropout: 0.1, clipNorm: 1, weightDecay: 0.1, rateRatio: 4 },
      { rows: ROWS.map((row, i) => ({ ...row, weight: i, kl: 0.5 })) },
    ),
  },
  "lower block computed once, the others again": {
    transposes: "cached",
    job: job({ recompute: true, cacheFrozen: true }, { lora: { ...jobOn("").lora, layers: [1] } }),
  },
};

const TYPES: Record<string, (name: string) => number> = {
  F16: () => F16,
  BF16: () => BF16,
  Q4_0: () => 2,
  Q4_1: () => 3,
  Q5_0: () => 6,
  Q5_1: () => 7,
  Q8_0: () => 8,
  Q2_K: () => 10,
  Q3_K: () => 11,
  Q5_K: () => 13,
  "Q4_K and Q6_K": (name) => (/attn_v|ffn_down|token_embd/.test(name) ? 14 : 12),
};

/** All kinds of nodes of a model's graphs, as they are built for a backend. */
async function walk(
  variant: Variant,
  path: string,
  jobs: Iterable<{ transposes: TransposeMode; job: TokenJob }>,
  adapter?: string,
): Promise<WalkedNode[]> {
  const backend = new WalkBackend(cpu(), variant);
  for (const { transposes, job } of jobs) {
    const loaded = await loadModel(backend, path, { transposes });
    await dryStep(loaded, job);
    headInChunks(backend, loaded);
    await scoreRowsUnder(loaded, ROWS, adapter ? [null, adapter] : [null]);
    loaded.free();
  }
  return [...backend.nodes.values()];
}

/** The head as it is where a vocabulary is large: a few targets at a time. */
function headInChunks(backend: WalkBackend, { model }: LoadedModel): void {
  const g = new Graph(backend);
  const batch = pack(ROWS);
  const { hidden } = forward(g, model, batch);
  const weights = new Float32Array(batch.labels.length).fill(1);
  const { dHidden, logprob } = targetLoss(
    g,
    model,
    hidden,
    batch.labels,
    weights,
    new Gradients(g),
    7 * VOCABULARY,
  );
  g.effect(dHidden);
  g.effect(logprob);
  g.check();
  g.free();
}

function breaches(variant: Variant, nodes: WalkedNode[]): string[] {
  const found = nodes.map(({ node }) => breach(LIMITS[variant], node));
  return [...new Set(found.filter((words) => words !== undefined))];
}

describe("every node of the training and scoring graphs is within the limits", () => {
  for (const variant of VARIANTS) {
    for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
      test(`of ${variant}, ${architecture}`, async () => {
        const path = file(`${architecture}.gguf`);
        const adapter = file(`${architecture}-lora.gguf`);
        writeRandomModel(path, hyper, 1, { ...extras, untied: architecture === "qwen2" });
        await writeRandomAdapter(adapter, hyper);
        const nodes = await walk(variant, path, Object.values(JOBS), adapter);
        expect(nodes.length).toBeGreaterThan(200);
        expect(breaches(variant, nodes)).toEqual([]);
        const used = new Set(nodes.map(({ node }) => node.op));
        for (const op of COMPOSABLE) {
          expect([op, used.has(op)]).toEqual([
            op,
            !composedOperations(LIMITS[variant]).includes(op),
          ]);
        }
        // The libraries at hand are the CPU's: it answers for itself.
        if (variant === "cpu") expect(nodes.filter(({ supported }) => !supported)).toEqual([]);
      });
    }

    for (const [type, typeOf] of Object.entries(TYPES)) {
      test(`of ${variant}, weights in ${type}`, async () => {
        const path = file(`${type}.gguf`);
        writeRandomModel(path, { ...wide(SMALL), layers: 1 }, 1, { typeOf });
        const modes = (["cached", "per-layer"] as const).map((transposes) => ({
          transposes,
          job: PLAIN,
        }));
        expect(breaches(variant, await walk(variant, path, modes))).toEqual([]);
      });
    }
  }

  test("of all but Metal when all weights are trained; there it is refused", async () => {
    for (const variant of VARIANTS) {
      const backend = new WalkBackend(cpu(), variant);
      const trainer = new Pretrainer(backend, SMALL, 1);
      await trainer.train(ROWS, { matrices: 0.01, rest: 0.01 });
      const expected = variant === "metal" ? ["GET_ROWS_BACK is not there"] : [];
      expect(breaches(variant, [...backend.nodes.values()])).toEqual(expected);
    }
  });
});

describe("the table", () => {
  /** Nodes that some backend cannot compute, by what is odd about them. */
  const odd = (g: Graph) => {
    const matrix = (type: number) => g.input(new Float32Array(0), type, shape(64, 64));
    const strided = g.permute(g.input(new Float32Array(0), F32, [8, 4, 6, 1]), 0, 2, 1);
    const [f32, bf16] = [matrix(F32), matrix(BF16)];
    return {
      "a sum of BF16": g.add(bf16, bf16),
      "a softmax's gradient of strided values": g.softmaxBack(strided, strided, 1),
      "the square of strided values": g.sqr(strided),
      "an outer product of BF16": g.outerSum(bf16, f32),
      "a copy into rows that need an importance matrix": g.copy(
        g.input(new Float32Array(0), F32, shape(256, 2)),
        g.input(new Float32Array(0), 16, shape(256, 2)),
      ),
    };
  };

  const breachesOf = (variant: Variant): string[] => {
    const g = new Graph(cpu(), 256);
    const found = Object.entries(odd(g)).filter(
      ([, { ptr }]) => breach(LIMITS[variant], readNode(cpu().library, ptr)) !== undefined,
    );
    return found.map(([name]) => name);
  };

  test("refuses what the CPU refuses, and nothing else", () => {
    const g = new Graph(cpu(), 256);
    const nodes = Object.entries(odd(g));
    const refused = nodes.filter(([, t]) => !g.supports(t)).map(([name]) => name);
    expect(refused.length).toBeGreaterThan(1);
    expect(breachesOf("cpu")).toEqual(refused);
  });

  test("refuses what a GPU's kernels do not read", () => {
    for (const variant of ["cuda", "vulkan", "metal"] as const) {
      expect(breachesOf(variant)).toContain("a sum of BF16");
      expect(breachesOf(variant)).toContain("a copy into rows that need an importance matrix");
    }
    for (const variant of ["cuda", "vulkan"] as const) {
      expect(breachesOf(variant)).toContain("a softmax's gradient of strided values");
    }
    expect(breachesOf("cuda")).toContain("the square of strided values");
    expect(breachesOf("vulkan")).not.toContain("the square of strided values");
  });

  test("says what is missing, in words", () => {
    const g = new Graph(cpu(), 64);
    const t = g.input(new Float32Array(0), BF16, shape(4));
    const node = readNode(cpu().library, g.add(t, t).ptr);
    expect(node.op).toBe("ADD");
    expect(node.sources).toHaveLength(2);
    expect(breach(LIMITS.cuda, node)).toBe("ADD needs that source 0 is of type f32, f16");
    expect(breach(LIMITS.metal, { ...node, op: "OUT_PROD" })).toBe("OUT_PROD is not there");
  });

  test("says which operations are composed of others", () => {
    expect(composedOperations(LIMITS.cpu)).toEqual([]);
    expect(composedOperations(LIMITS.cuda)).toEqual(["OUT_PROD"]);
    expect(composedOperations(LIMITS.vulkan)).toEqual(["OUT_PROD"]);
    expect(composedOperations(LIMITS.metal)).toEqual([...COMPOSABLE]);
  });

  test("a graph that the device cannot compute is refused by operation and device", async () => {
    const g = new Graph(cpu(), 64);
    const iq = g.input(new Float32Array(0), 16, shape(256));
    g.output(g.copy(g.input(new Float32Array(256), F32, shape(256)), iq));
    const error = await failure(() => g.check());
    expect(error.code).toBe("model-unsupported");
    expect(error.message).toContain("CPU cannot compute CPY");
    g.free();
  });
});

test("another backend's forms compute the same on the CPU", async () => {
  const path = file("gemma3.gguf");
  const curves: number[][] = [];
  for (const variant of ["cpu", "metal"] as const) {
    const backend = Backend.open("cpu", 1, variant);
    writeRandomModel(path, SMALL_OF.gemma3!.hyper);
    const loaded = await loadModel(backend, path);
    const { losses } = await trainAdapter(loaded, jobOn(file(`${variant}.gguf`), { rows: ROWS }));
    curves.push(losses);
    loaded.free();
  }
  const [direct, composed] = curves as [number[], number[]];
  for (const [i, loss] of composed.entries()) expect(loss / direct[i]!).toBeCloseTo(1, 4);
  expect(composed).not.toEqual(direct);
});
