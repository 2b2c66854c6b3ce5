import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { elements, F32, type Tensor } from "../../../trainer/ggml/tensor.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
import { type Adapter, attach, createAdapter } from "../../../trainer/lora/adapter.ts";
import { backward, forward } from "../../../trainer/model/forward.ts";
import { scoreTargets, targetLoss } from "../../../trainer/model/head.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import {
  assembleModel,
  expectedTensors,
  type Model,
  OUTPUT,
  optionalTensors,
} from "../../../trainer/model/model.ts";
import { pack } from "../../../trainer/model/packing.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { type Extras, SMALL, SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
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

/** Sizes that make finite differences fast. */
const NARROW = { vocabulary: 61, width: 36, feedForward: 50 };

/** An adapter on every projection, whose B are no zeros. */
function attachRandomAdapter({ model }: LoadedModel): Adapter {
  const options = { rank: 3, alpha: 6, targets: [...LORA_TARGETS] };
  const adapter = createAdapter(backend, model, options, 5);
  for (const [name, t] of adapter.tensors) {
    if (name.endsWith("lora_b")) backend.upload(t, gaussian(elements(t), name, 0.1));
  }
  attach(model, adapter, true);
  return adapter;
}

describe("the whole model", () => {
  const hyper: Hyperparameters = { ...SMALL, ...NARROW };
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

  const withWeights = ({
    hyper,
    extras,
  }: {
    hyper: Hyperparameters;
    extras: Extras;
  }): { model: Model; tensors: Map<string, Tensor> } => {
    const shapes = Object.fromEntries(expectedTensors(hyper));
    for (const [name, ne] of optionalTensors(hyper)) {
      if (name === OUTPUT ? extras.untied : extras.biases && name.endsWith(".bias")) {
        shapes[name] = ne;
      }
    }
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

  for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
    const narrow = { ...hyper, ...NARROW };
    test(`every weight, ${architecture}`, async () => {
      const { model, tensors } = withWeights({ hyper: narrow, extras });
      await expectGradients(lossOf(model), tensors);
    });
  }

  test("every weight, with an output of its own and biases everywhere", async () => {
    const { model, tensors } = withWeights({
      hyper,
      extras: { untied: true, biases: true },
    });
    expect(tensors.has("blk.1.ffn_down.bias")).toBe(true);
    await expectGradients(lossOf(model), tensors);
  });

  test("whatever the size of the head's chunks", async () => {
    const { model } = withWeights({ hyper, extras: { untied: true } });
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

  for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
    for (const transposes of ["cached", "per-layer"] as const) {
      test(`every adapter tensor, ${architecture} as it is loaded, transposes ${transposes}`, async () => {
        const path = file(`${architecture}.gguf`);
        writeRandomModel(path, hyper, 1, extras);
        const loaded = await loadModel(backend, path, { transposes });
        const adapter = attachRandomAdapter(loaded);
        expect(adapter.tensors.size).toBe(2 * LORA_TARGETS.length * hyper.layers);
        await expectGradients(lossOf(loaded.model), adapter.tensors);
        adapter.free();
        loaded.free();
      });
    }
  }
});
