/** Run as a process by vulkan.test.ts: trains for a few steps on a device and prints the losses. */
import { Backend } from "../../../trainer/ggml/backend.ts";
import type { Variant } from "../../../trainer/ggml/locate.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { scoreRows } from "../../../trainer/scoring/score.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { VOCABULARY } from "../../support/random-model.ts";
import { byteRow, randomRow } from "../../support/rows.ts";
import { jobOn, PASSAGE } from "./fixture.ts";

const [variant, model, out, composedFor] = process.argv.slice(2) as [
  Variant,
  string,
  string,
  Variant,
];
const backend = Backend.open(variant, 1, composedFor);
const loaded = await loadModel(backend, model);
const rows = [byteRow(PASSAGE), randomRow(21, 1, VOCABULARY, 9), randomRow(30, 2, VOCABULARY)];
const { losses } = await trainAdapter(loaded, jobOn(out, { rows }));
// Of the base: what training made of a rounding here or there is in the losses.
const scores = await scoreRows(loaded, rows);
console.log(JSON.stringify({ backend: backend.name, losses, scores }));
process.exit(0);
