/** Run as a process by checks.ts: does one task on a device and prints what became of it. */
import { join } from "node:path";
import { getLlama, LlamaLogLevel, type Token } from "node-llama-cpp";
import { Backend } from "../../ggml/backend.ts";
import { Graph, GraphAllocator } from "../../ggml/graph.ts";
import { forward } from "../../model/forward.ts";
import { logits } from "../../model/head.ts";
import { type LoadedModel, loadModel } from "../../model/load.ts";
import { pack, type TokenRow } from "../../model/packing.ts";
import { scoreRows } from "../../scoring/score.ts";
import { nodeBudget } from "../../training/step-graph.ts";
import { trainAdapter } from "../../training/train.ts";
import { benchmark } from "./benchmark.ts";
import { gradientError } from "./gradients.ts";
import { VOCABULARY } from "./model.ts";
import { jobOf, randomRow, selftestRows } from "./rows.ts";
import type { Outcome, Task } from "./task.ts";

const ROWS = selftestRows(VOCABULARY);
/** Whose logits are compared. */
const LOGITS_ROW = randomRow(33, 4, VOCABULARY);

const task = JSON.parse(process.argv[2] ?? "{}") as Task;
console.log(JSON.stringify(await perform(task)));
// Drivers crash when they are unloaded in another order than they like.
process.exit(0);

async function perform(task: Task): Promise<Outcome> {
  if (task.kind === "llama.cpp") return { logits: await llamaLogits(task.model, LOGITS_ROW) };
  // Threads that wait for each other are slow on a busy machine.
  const backend = Backend.open(task.variant, 1, task.composedFor);
  const loaded = await loadModel(backend, task.model);
  const { name, description, library } = backend;
  return {
    device: { name, description, ggml: library.version },
    ...(await compute(task, loaded)),
  };
}

async function compute(task: Task, loaded: LoadedModel): Promise<Outcome> {
  switch (task.kind) {
    case "logits":
      return { logits: await ourLogits(loaded, LOGITS_ROW) };
    case "gradients":
      return { gradientError: await gradientError(loaded, ROWS.slice(0, 2)) };
    case "benchmark":
      return { benchmark: await benchmark(loaded, ROWS, task.folder) };
    default: {
      const out = join(task.folder, `${task.variant}-${process.pid}.gguf`);
      const { losses } = await trainAdapter(loaded, jobOf(ROWS, out));
      // Of the base: what training made of a rounding here or there is in the losses.
      return { losses, scores: await scoreRows(loaded, ROWS) };
    }
  }
}

async function ourLogits({ backend, model }: LoadedModel, row: TokenRow): Promise<number[][]> {
  const batch = pack([row]);
  const allocator = new GraphAllocator(backend);
  const g = new Graph(backend, nodeBudget(model, batch));
  const cells = g.output(logits(g, model, forward(g, model, batch).hidden));
  await g.run(allocator);
  const values = backend.download(cells);
  const n = model.hyper.vocabulary;
  return Array.from({ length: values.length / n }, (_, i) => [
    ...values.subarray(i * n, (i + 1) * n),
  ]);
}

/** llama.cpp's on the CPU, with an F32 key-value cache. */
async function llamaLogits(path: string, { tokens }: TokenRow): Promise<number[][]> {
  const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({
    contextSize: 256,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const input = [...tokens.slice(0, -1)].map(
    (token): [Token, { generateNext: { logits: true } }] => [
      token as Token,
      { generateNext: { logits: true } },
    ],
  );
  const results = await context.getSequence().controlledEvaluate(input);
  return results.map((result) => {
    const values = new Array<number>(VOCABULARY).fill(0);
    for (const [token, logit] of result?.next.logits ?? []) values[token] = logit;
    return values;
  });
}
