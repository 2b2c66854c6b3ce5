import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { elements, F32, shape, type Tensor } from "../../../trainer/ggml/tensor.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
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
import { pack } from "../../../trainer/model/packing.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import {
  backend,
  type Computation,
  expectGradients,
  freeParameters,
  gaussian,
  parameters,
} from "./finite-differences.ts";
import { relativeDifference, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("gradients");
const cleanups: (() => void)[] = [freeParameters, remove];
afterAll(() => {
  for (const cleanup of cleanups.reverse()) cleanup();
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
