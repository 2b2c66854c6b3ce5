/** Run as a process by run-task.ts: does one task on a device and prints what became of it. */
import { join } from "node:path";
import { Backend } from "../../ggml/backend.ts";
import { Graph, GraphAllocator } from "../../ggml/graph.ts";
import { forward } from "../../model/forward.ts";
import { logits } from "../../model/head.ts";
import { type LoadedModel, loadModel } from "../../model/load.ts";
import { pack, type TokenRow } from "../../model/packing.ts";
import { scoreRows } from "../../scoring/score.ts";
import { nodeBudget } from "../../training/step-graph.ts";
import { trainAdapter } from "../../training/train.ts";
import { productSpeed, scoringSpeed, trainingSpeed } from "./benchmark.ts";
import { gradientError, gradientsByKind } from "./gradients.ts";
import { llamaLogitsOfFile, openLlama } from "./llama.ts";
import { VOCABULARY } from "./model.ts";
import { jobOf, randomRow, selftestRows } from "./rows.ts";
import type { Outcome, Task } from "./task.ts";

const ROWS = selftestRows(VOCABULARY);
/** What llama.cpp is asked about, too: longer than an attention window. */
const LONG_ROW = randomRow(157, 4, VOCABULARY);

const task = JSON.parse(process.argv[2] ?? "{}") as Task;
console.log(JSON.stringify(await perform(task)));
// Drivers crash when they are unloaded in another order than they like.
process.exit(0);

async function perform(task: Task): Promise<Outcome> {
  if (task.kind === "llama.cpp") return llamaOutcome(task.model);
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
    case "gradients":
      return { gradients: await gradientsByKind(loaded, ROWS) };
    case "differences":
      return { gradientError: await gradientError(loaded, ROWS.slice(0, 2)) };
    case "curve": {
      const out = join(task.folder, `${task.variant}-${process.pid}.gguf`);
      const { losses } = await trainAdapter(loaded, jobOf(ROWS, out));
      return { losses };
    }
    case "scores": {
      const [score] = await scoreRows(loaded, [LONG_ROW]);
      return { logprob: score?.logprob };
    }
    case "training speed":
      return { speed: await trainingSpeed(loaded, ROWS, task.folder) };
    case "scoring speed":
      return { speed: await scoringSpeed(loaded, ROWS) };
    case "products":
      return { speed: await productSpeed(loaded.backend) };
    default:
      return { logits: await ourLogits(loaded, LONG_ROW) };
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

async function llamaOutcome(model: string): Promise<Outcome> {
  const rows = await llamaLogitsOfFile(await openLlama(), model, LONG_ROW);
  const logprobs = rows.map((logits, i) => {
    const most = logits.reduce((a, b) => Math.max(a, b));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    return (logits[LONG_ROW.tokens[i + 1] as number] as number) - most - Math.log(total);
  });
  return {
    logits: rows.map((row) => [...row]),
    logprob: logprobs.reduce((sum, logprob) => sum + logprob, 0),
  };
}
