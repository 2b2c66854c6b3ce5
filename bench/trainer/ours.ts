/** Run as a process: trains what a spec says and times it, `bun ours.ts <spec.json> <outcome.json>`. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Arena, Backend } from "../../trainer/ggml/backend.ts";
import { GgufFile } from "../../trainer/ggml/gguf.ts";
import { GraphAllocator } from "../../trainer/ggml/graph.ts";
import { type LoadedModel, loadModel } from "../../trainer/model/load.ts";
import { scoreRows } from "../../trainer/scoring/score.ts";
import { trainAdapter } from "../../trainer/training/train.ts";
import { cpuSeconds, forgetPeak, residentBytes } from "./process-memory.ts";
import { type JobOutcome, type Outcome, type Spec, tokenRow } from "./spec.ts";

const [specPath = "", outcomePath = ""] = process.argv.slice(2);
const spec: Spec = JSON.parse(readFileSync(specPath, "utf8"));
const adapterPath = `${outcomePath}.adapter.gguf`;
const { lora } = spec;
const activations = watchActivations();
const arenas = watchArenas();

const backend = Backend.open("cpu", spec.threads);
const baseline = residentBytes("VmRSS");
const loaded = await loadModel(backend, spec.model, { transposes: spec.transposes });
if (spec.warmup.length > 0) {
  const options = { ...spec.options, epochs: 1, batchTokens: 1 };
  await trainAdapter(loaded, { rows: spec.warmup.map(tokenRow), lora, options, out: adapterPath });
}
Bun.gc(true);
forgetPeak();
const resident = residentBytes("VmRSS");
arenas.forget();
const jobs: JobOutcome[] = [];
let peak = 0;
for (const { rows, probes } of spec.jobs) {
  const job = { rows: rows.map(tokenRow), lora, options: spec.options, out: adapterPath };
  const cpu = cpuSeconds();
  const { seconds, tokens, losses } = await trainAdapter(loaded, job);
  const used = cpuSeconds() - cpu;
  peak = Math.max(peak, residentBytes("VmHWM"));
  const scores =
    probes.length > 0 ? await scoreRows(loaded, probes.map(tokenRow), adapterPath) : [];
  if (probes.length > 0) forgetPeak();
  jobs.push({ seconds, cpuSeconds: used, tokens, losses, scores });
}
rmSync(adapterPath, { force: true });
const outcome: Outcome = {
  jobs,
  memory: {
    weights: weightBytes(loaded),
    baseline,
    loaded: resident,
    peak,
    activations: activations(),
    adapter: arenas.most(),
  },
  versions: { bun: Bun.version, ggml: backend.library.version },
};
writeFileSync(outcomePath, JSON.stringify(outcome));
process.exit(0);

/** Bytes of the file's tensors, without copies. */
function weightBytes({ path }: LoadedModel): number {
  const file = GgufFile.open(path);
  const bytes = [...file.tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
  file.close();
  return bytes;
}

/** The largest buffer that any graph's intermediate results were given. */
function watchActivations(): () => number {
  let most = 0;
  const { plan } = GraphAllocator.prototype;
  GraphAllocator.prototype.plan = function (this: GraphAllocator, graph: bigint): void {
    plan.call(this, graph);
    most = Math.max(most, this.bytes);
  };
  return () => most;
}

/** The most bytes that were allocated on the device at a time since `forget`. */
function watchArenas(): { most: () => number; forget: () => void } {
  let now = 0;
  let most = 0;
  const { allocate } = Backend.prototype;
  Backend.prototype.allocate = function (this: Backend, ...args): Arena {
    const arena = allocate.apply(this, args);
    now += arena.bytes;
    most = Math.max(most, now);
    const { free } = arena;
    return {
      ...arena,
      free: () => {
        now -= arena.bytes;
        free();
      },
    };
  };
  return {
    most: () => most,
    forget: () => {
      now = 0;
      most = 0;
    },
  };
}
