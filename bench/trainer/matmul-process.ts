/** Run as a process by matmul.ts: `bun matmul-process.ts <model.gguf> <threads> <tokens per step>`. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Backend } from "../../trainer/ggml/backend.ts";
import { loadModel } from "../../trainer/model/load.ts";
import { trainAdapter } from "../../trainer/training/train.ts";
import type { TrainOptions } from "../../trainer/types.ts";
import { flopsOf, recordProducts } from "./nodes.ts";
import { ggmlRate, productKey } from "./rates.ts";
import { tokenRow } from "./spec.ts";
import { SEAL_LORA, SEAL_OPTIONS, sealRows } from "./workload.ts";

/** The best of so many epochs, as ggml's own rate is the best of some; of one where that takes long. */
const RUNS = 3;
const LONG_SECONDS = 8;

const [path = "", threads = "2", batchTokens = "1"] = process.argv.slice(2);
const backend = Backend.open("cpu", Number(threads));
const loaded = await loadModel(backend, path);
const rows = sealRows(loaded.model.hyper.vocabulary).map(tokenRow);
const out = join(tmpdir(), `selkie-matmul-${process.pid}.gguf`);
const train = (options: Partial<TrainOptions>) =>
  trainAdapter(loaded, {
    rows,
    lora: SEAL_LORA,
    options: { ...SEAL_OPTIONS, batchTokens: Number(batchTokens), epochs: 1, ...options },
    out,
  });

const products = await recordProducts(() => train({})); // warms up, too
let seconds = Number.POSITIVE_INFINITY;
for (let i = 0; i < RUNS; i++) {
  seconds = Math.min(seconds, (await train({})).seconds);
  if (seconds > LONG_SECONDS) break;
}
rmSync(out, { force: true });
const rates = new Map<string, number>();
for (const product of products) {
  const key = productKey(product);
  if (!rates.has(key)) rates.set(key, await ggmlRate(backend, product));
}
const flops = products.reduce((sum, p) => sum + flopsOf(p), 0);
const ideal = products.reduce((sum, p) => sum + flopsOf(p) / rates.get(productKey(p))!, 0);
console.log(
  JSON.stringify({
    share: ideal / seconds,
    gflops: flops / seconds / 1e9,
    ggmlGflops: flops / ideal / 1e9,
    seconds,
    products: products.length,
    sizes: rates.size,
  }),
);
process.exit(0);
