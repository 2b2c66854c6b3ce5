/**
 * Where a training step's time goes, operation by operation, and how far its products are from ggml's own
 * rates:
 *
 *     bun bench/trainer/profile.ts --model ii --precision f32 --threads 2 --batch-tokens 1 [--json]
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Backend } from "../../trainer/ggml/backend.ts";
import { loadModel } from "../../trainer/model/load.ts";
import { trainAdapter } from "../../trainer/training/train.ts";
import { thisMachine } from "./machine.ts";
import { type ModelName, modelFile, type Precision } from "./models.ts";
import { flopsOf, type NodeTime, timeNodes } from "./nodes.ts";
import { type ProfileResult, profileText } from "./profile-table.ts";
import { ggmlRate, productKey } from "./rates.ts";
import { tokenRow } from "./spec.ts";
import { planOf, SEAL_LORA, SEAL_OPTIONS, sealRows } from "./workload.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: "ii" },
    precision: { type: "string", default: "f32" },
    threads: { type: "string", default: "2" },
    "batch-tokens": { type: "string", default: "1" },
    work: { type: "string", default: join("tmp", "bench") },
    json: { type: "boolean", default: false },
  },
});

const backend = Backend.open("cpu", Number(flags.threads));
const path = await modelFile(flags.work, flags.model as ModelName, flags.precision as Precision);
const loaded = await loadModel(backend, path);
const { model } = loaded;
const batchTokens = Number(flags["batch-tokens"]);
const options = { ...SEAL_OPTIONS, epochs: 1, batchTokens };
const rows = sealRows(model.hyper.vocabulary);
const tokens = rows.reduce((sum, row) => sum + row.tokens.length, 0);
const steps = planOf(rows, options).length;
const out = join(tmpdir(), `selkie-profile-${process.pid}.gguf`);

async function run(): Promise<void> {
  await trainAdapter(loaded, { rows: rows.map(tokenRow), lora: SEAL_LORA, options, out });
}

await run();
let whole = Number.POSITIVE_INFINITY;
for (let i = 0; i < 3; i++) {
  const started = performance.now();
  await run();
  whole = Math.min(whole, (performance.now() - started) / 1000);
}
const times = await timeNodes(backend, run);
rmSync(out, { force: true });

const sum = (list: NodeTime[]): number => list.reduce((all, t) => all + t.seconds, 0);
const products = times.filter((t) => t.product);
const rates = new Map<string, number>();
for (const { product } of products) {
  const key = productKey(product!);
  if (!rates.has(key)) rates.set(key, await ggmlRate(backend, product!));
}
const flopsIn = (list: NodeTime[]): number => list.reduce((n, t) => n + flopsOf(t.product!), 0);
/** Seconds that the products would take at ggml's own rates. */
const idealOf = (list: NodeTime[]): number =>
  list.reduce((n, t) => n + flopsOf(t.product!) / rates.get(productKey(t.product!))!, 0);

// Row lengths differ from step to step: they are shown as "t", targets as well.
const { width, feedForward, vocabulary, headDim, heads, kvHeads } = model.hyper;
const fixed = new Set([width, feedForward, vocabulary, headDim]);
for (const size of [heads * headDim, kvHeads * headDim, SEAL_LORA.rank]) fixed.add(size);
const size = (n: number): string => (fixed.has(n) ? String(n) : "t");
const shapeOf = ({ product }: NodeTime): string => {
  const { outer, type, k, m, n, batch } = product!;
  const name = backend.library.c.ggml_type_name(type);
  return `${outer ? "outer " : ""}${name} [${size(k)}, ${size(m)}] x [${size(k)}, ${size(n)}] x ${batch}`;
};

const result: ProfileResult = {
  profiled: { model: flags.model, precision: flags.precision, batchTokens, steps, tokens },
  machine: thisMachine(),
  threads: Number(flags.threads),
  seconds: whole,
  nodeSeconds: sum(times),
  idealSeconds: idealOf(products),
  flops: flopsIn(products),
  operations: grouped(times, (t) => t.op).map(([op, list]) => ({
    op,
    seconds: sum(list),
    nodes: list.length,
  })),
  products: grouped(products, shapeOf).map(([shape, list]) => ({
    shape,
    seconds: sum(list),
    nodes: list.length,
    flops: flopsIn(list),
    idealSeconds: idealOf(list),
  })),
};
console.log(flags.json ? JSON.stringify(result, null, 2) : profileText(result));
process.exit(0);

/** Groups by key, the one with the most seconds first. */
function grouped(list: NodeTime[], key: (t: NodeTime) => string): [string, NodeTime[]][] {
  return [...Map.groupBy(list, key)].sort((a, b) => sum(b[1]) - sum(a[1]));
}
