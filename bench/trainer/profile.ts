/**
 * Where a training step's time goes, operation by operation:
 *
 *     bun bench/trainer/profile.ts --model ii --precision f32 --threads 2 --batch-tokens 1
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Backend } from "../../trainer/ggml/backend.ts";
import { loadModel } from "../../trainer/model/load.ts";
import { trainAdapter } from "../../trainer/training/train.ts";
import { type ModelName, modelFile, type Precision } from "./models.ts";
import { flopsOf, type NodeTime, timeNodes } from "./nodes.ts";
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
const all = sum(times);
const pad = (x: string | number, n: number): string => String(x).padStart(n);
console.log(
  `model ${flags.model} ${flags.precision}, ${flags.threads} threads, ${batchTokens} tokens per step: ${steps} steps, ${tokens} tokens`,
);
console.log(
  `whole graphs ${whole.toFixed(3)} s (${(tokens / whole).toFixed(0)} tokens/s); node by node ${all.toFixed(3)} s`,
);
console.log("\n   share  seconds   nodes  operation");
for (const [op, list] of grouped(times, (t) => t.op)) {
  const seconds = sum(list);
  console.log(
    `${pad(((seconds / all) * 100).toFixed(1), 7)}% ${pad(seconds.toFixed(4), 8)} ${pad(list.length, 7)}  ${op}`,
  );
}

const products = times.filter((t) => t.product);
console.log(
  "\n   share  nodes  GFLOP/s here  of ggml  lost s  type  [k, m] x [k, n] x heads   (rows' lengths apart)",
);
let ideal = 0;
const rates = new Map<string, number>();
for (const t of products) {
  const p = t.product!;
  const key = productKey(p);
  if (!rates.has(key)) rates.set(key, await ggmlRate(backend, p));
  ideal += flopsOf(p) / rates.get(key)!;
}
const typeName = (id: number): string => backend.library.c.ggml_type_name(id);
// Row lengths differ from step to step: they are shown as "t", targets as well.
const { width, feedForward, vocabulary, headDim, heads, kvHeads } = model.hyper;
const fixed = new Set([
  width,
  feedForward,
  vocabulary,
  headDim,
  heads * headDim,
  kvHeads * headDim,
]);
fixed.add(SEAL_LORA.rank);
const size = (n: number): string => (fixed.has(n) ? String(n) : "t");
const bySize = grouped(products, ({ product: p }) => {
  const { outer, type, k, m, n, batch } = p!;
  return `${outer ? "outer " : ""}${typeName(type)} [${size(k)}, ${size(m)}] x [${size(k)}, ${size(n)}] x ${batch}`;
});
for (const [name, list] of bySize.slice(0, 40)) {
  const seconds = sum(list);
  const flops = list.reduce((n, t) => n + flopsOf(t.product!), 0);
  const best = list.reduce(
    (n, t) => n + flopsOf(t.product!) / rates.get(productKey(t.product!))!,
    0,
  );
  console.log(
    `${pad(((seconds / all) * 100).toFixed(1), 7)}% ${pad(list.length, 6)} ${pad((flops / seconds / 1e9).toFixed(1), 13)} ${pad(((best / seconds) * 100).toFixed(0), 7)}% ${pad((seconds - best).toFixed(4), 7)}  ${name}`,
  );
}
const flops = products.reduce((n, t) => n + flopsOf(t.product!), 0);
console.log(
  `\nproducts: ${(flops / 1e9).toFixed(1)} GFLOP; alone at ggml's rates ${ideal.toFixed(3)} s; in the step ${sum(products).toFixed(3)} s`,
);
console.log(
  `rate of the whole step: ${(flops / whole / 1e9).toFixed(1)} GFLOP/s = ${((ideal / whole) * 100).toFixed(0)}% of ggml's own for these sizes (${(flops / ideal / 1e9).toFixed(1)})`,
);
process.exit(0);

/** Groups by key, the one with the most seconds first. */
function grouped(list: NodeTime[], key: (t: NodeTime) => string): [string, NodeTime[]][] {
  const groups = new Map<string, NodeTime[]>();
  for (const t of list) {
    const k = key(t);
    groups.set(k, [...(groups.get(k) ?? []), t]);
  }
  return [...groups].sort((a, b) => sum(b[1]) - sum(a[1]));
}
