import type { Table } from "./report.ts";
import type { Results } from "./store.ts";

/** What `bun bench/trainer/profile.ts --json` prints. */
export interface ProfileResult {
  profiled: {
    model: string;
    precision: string;
    batchTokens: number;
    steps: number;
    tokens: number;
  };
  machine: Results["machine"];
  threads: number;
  /** Of one epoch as it runs, and of its nodes one by one. */
  seconds: number;
  nodeSeconds: number;
  /** What all products would take at ggml's own rates for their sizes. */
  idealSeconds: number;
  flops: number;
  /** The one with the most seconds first. */
  operations: { op: string; seconds: number; nodes: number }[];
  products: {
    shape: string;
    seconds: number;
    nodes: number;
    flops: number;
    idealSeconds: number;
  }[];
}

/** Products with fewer numbers than this in their shortest dimension are thin. */
const THIN = 32;
/** Products listed in the text. */
const LISTED = 40;

const pad = (text: string | number, n: number): string => String(text).padStart(n);
const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;

export function profileText(result: ProfileResult): string {
  const { profiled, threads, seconds, nodeSeconds, idealSeconds, flops } = result;
  const { model, precision, batchTokens, steps, tokens } = profiled;
  const inProducts = result.products.reduce((sum, it) => sum + it.seconds, 0);
  return [
    `model ${model} ${precision}, ${threads} threads, ${batchTokens} tokens per step: ${steps} steps, ${tokens} tokens`,
    `whole graphs ${seconds.toFixed(3)} s (${(tokens / seconds).toFixed(0)} tokens/s); node by node ${nodeSeconds.toFixed(3)} s`,
    "\n   share  seconds   nodes  operation",
    ...result.operations.map(
      (it) =>
        `${pad(((it.seconds / nodeSeconds) * 100).toFixed(1), 7)}% ${pad(it.seconds.toFixed(4), 8)} ${pad(it.nodes, 7)}  ${it.op}`,
    ),
    "\n   share  nodes  GFLOP/s here  of ggml  lost s  type  [k, m] x [k, n] x heads   (rows' lengths apart)",
    ...result.products
      .slice(0, LISTED)
      .map(
        (it) =>
          `${pad(((it.seconds / nodeSeconds) * 100).toFixed(1), 7)}% ${pad(it.nodes, 6)} ${pad((it.flops / it.seconds / 1e9).toFixed(1), 13)} ${pad(percent(it.idealSeconds / it.seconds), 8)} ${pad((it.seconds - it.idealSeconds).toFixed(4), 7)}  ${it.shape}`,
      ),
    `\nproducts: ${(flops / 1e9).toFixed(1)} GFLOP; alone at ggml's rates ${idealSeconds.toFixed(3)} s; in the step ${inProducts.toFixed(3)} s`,
    `rate of the whole step: ${(flops / seconds / 1e9).toFixed(1)} GFLOP/s = ${percent(idealSeconds / seconds)} of ggml's own for these sizes (${(flops / idealSeconds / 1e9).toFixed(1)})`,
  ].join("\n");
}

/** Where the time goes that products at ggml's own rates would not take, a row per run. */
export function profileTable(results: readonly ProfileResult[]): Table {
  return {
    title: "3. Where a step's time goes",
    note: [
      "Shares of the time of all nodes computed one by one. At ggml's rates: what all products would take by themselves, with",
      "everything in the cache. Frozen, thin and outer products: what they take beyond that. Thin ones have a dimension of the rank",
      "or less; outer ones are the adapter's and the attention's gradients, which ggml computes as outer products in f32.",
    ].join("\n"),
    columns: [
      "",
      "threads",
      "at ggml's rates",
      "frozen products",
      "thin products",
      "outer products",
      "transposing",
      "AdamW",
      "the rest",
    ],
    rows: results.map((result) => {
      const { profiled, threads, nodeSeconds, idealSeconds, operations, products } = result;
      const of = (seconds: number): string => percent(seconds / nodeSeconds);
      const lost = (kind: string): number =>
        products
          .filter(({ shape }) => kindOf(shape) === kind)
          .reduce((sum, it) => sum + it.seconds - it.idealSeconds, 0);
      const op = (name: string): number => operations.find((it) => it.op === name)?.seconds ?? 0;
      const inProducts = products.reduce((sum, it) => sum + it.seconds, 0);
      const [transposing, adamw] = [op("CONT"), op("OPT_STEP_ADAMW")];
      const packed = profiled.batchTokens > 1 ? "-packed" : "";
      return [
        `(${profiled.model}) ${profiled.precision}${packed}`,
        String(threads),
        of(idealSeconds),
        ...["frozen", "thin", "outer"].map((kind) => of(lost(kind))),
        of(transposing),
        of(adamw),
        of(nodeSeconds - inProducts - transposing - adamw),
      ];
    }),
  };
}

function kindOf(shape: string): "outer" | "thin" | "frozen" {
  if (shape.startsWith("outer")) return "outer";
  const sizes = [...shape.matchAll(/\[(\w+), (\w+)\]/g)].flatMap((match) => match.slice(1, 3));
  return sizes.some((size) => Number(size) <= THIN) ? "thin" : "frozen";
}
