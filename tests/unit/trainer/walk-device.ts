/** Run as a process by vulkan.test.ts: compares a device's own answers with its table of limits. */
import { WalkBackend } from "../../../trainer/devices/walk.ts";
import { Backend } from "../../../trainer/ggml/backend.ts";
import { Graph } from "../../../trainer/ggml/graph.ts";
import { breach, LIMITS } from "../../../trainer/ggml/limits/limits.ts";
import type { Variant } from "../../../trainer/ggml/locate.ts";
import { BF16, F32, shape } from "../../../trainer/ggml/tensor.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { scoreRows } from "../../../trainer/scoring/score.ts";
import { dryStep } from "../../../trainer/training/job-memory.ts";
import { VOCABULARY } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { jobOn } from "./fixture.ts";

const [variant, model] = process.argv.slice(2) as [Variant, string];
const backend = new WalkBackend(Backend.open(variant, 1), variant);
const rows = [randomRow(21, 1, VOCABULARY, 9), randomRow(150, 3, VOCABULARY)];
for (const transposes of ["cached", "per-layer"] as const) {
  const loaded = await loadModel(backend, model, { transposes });
  await dryStep(loaded, jobOn("", { rows: rows.map((row) => ({ ...row, kl: 0.5 })) }));
  await scoreRows(loaded, rows);
  loaded.free();
}
oddNodes();
const wrong = [...backend.nodes.values()].flatMap(({ node, supported }) => {
  const words = breach(LIMITS[variant], node);
  return supported === (words === undefined) ? [] : [`${node.op}: ${supported}, ${words}`];
});
console.log(JSON.stringify({ nodes: backend.nodes.size, wrong }));
process.exit(0);

/** Some of which the device cannot compute, so that a table that allows all would be found out. */
function oddNodes(): void {
  const g = new Graph(backend, 64);
  const strided = g.permute(g.input(new Float32Array(0), F32, [8, 4, 6, 1]), 0, 2, 1);
  const bf16 = g.input(new Float32Array(0), BF16, shape(64, 64));
  g.effect(g.add(bf16, bf16));
  g.effect(g.sqr(strided));
  g.effect(g.siluBack(strided, strided));
  g.effect(g.softmaxBack(strided, strided, 1));
  g.check();
}
