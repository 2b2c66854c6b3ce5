#!/usr/bin/env bun
/**
 * Pre-trains one of the project's own models from scratch, resumable:
 *
 *   bun models/pretrain.ts pup --steps 2000 --work tmp/pup
 *   bun models/pretrain.ts grid --steps 2000 --work tmp/grid
 *
 * A checkpoint lies in the work folder; the same command goes on from it. The model is written to
 * its folder (models/pup/pup.gguf) when the last step is done, and with --export at every checkpoint.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Backend } from "../trainer/ggml/backend.ts";
import type { Hyperparameters } from "../trainer/model/hyperparameters.ts";
import { Pretrainer } from "../trainer/training/pretrain.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { PLANS } from "./plans.ts";
import { tokenizerMetadata } from "./tokenizer/file.ts";
import { loadTokenizer, readTokenizer } from "./tokenizer/tokenizer.ts";

const {
  values: flags,
  positionals: [name = ""],
} = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "2000" },
    work: { type: "string" },
    out: { type: "string" },
    seed: { type: "string", default: "1" },
    every: { type: "string", default: "50" },
    export: { type: "boolean", default: false },
    threads: { type: "string" },
  },
});

/** Peak rates; constant, then linear to a tenth over the last part of the run. */
const RATES = { matrices: 0.02, rest: 3e-3 };
const WARM_UP_STEPS = 20;
const DECAY_SHARE = 0.5;

const plan = PLANS.get(name);
if (!plan) {
  console.error(`Which model? Name one of ${[...PLANS.keys()].join(", ")}.`);
  process.exit(2);
}
const steps = Number(flags.steps);
const { work = join("tmp", name), out = plan.out } = flags;
mkdirSync(work, { recursive: true });
const checkpoint = join(work, "checkpoint.bin");
const tokenizer = loadTokenizer(plan.tokenizer);
const metadata = tokenizerMetadata(readTokenizer(plan.tokenizer));
const corpus = plan.corpus(tokenizer, Number(flags.seed));
const backend = Backend.open("cpu", flags.threads ? Number(flags.threads) : undefined);

const hyper: Hyperparameters = { ...plan.shape, vocabulary: tokenizer.size };

const pretrainer = new Pretrainer(backend, hyper, Number(flags.seed));
const saved = loadCheckpoint(checkpoint);
if (saved) {
  pretrainer.restore(saved);
  console.log(`resumed at step ${saved.step}`);
}

const started = performance.now();
let tokens = 0;
let smooth = 0;
while (pretrainer.step < steps) {
  const step = pretrainer.step;
  const batch = corpus.batch(step);
  const factor = schedule(step);
  const loss = await pretrainer.train(batch.rows, {
    matrices: RATES.matrices * factor,
    rest: RATES.rest * factor,
  });
  tokens += batch.tokens;
  smooth = smooth === 0 ? loss : 0.95 * smooth + 0.05 * loss;
  const seconds = (performance.now() - started) / 1000;
  if (step % 10 === 0) {
    const rate = tokens / seconds;
    const left = ((steps - step) * seconds) / (step - (saved?.step ?? 0) + 1) / 60;
    const line = `step ${step}/${steps} loss ${smooth.toFixed(4)} ${rate.toFixed(0)} tok/s, ${left.toFixed(1)} min left`;
    console.log(line);
    appendFileSync(join(work, "log.jsonl"), `${JSON.stringify({ step, loss, seconds })}\n`);
  }
  if (pretrainer.step % Number(flags.every) === 0 || pretrainer.step === steps) {
    saveCheckpoint(checkpoint, pretrainer.save());
    if (flags.export) await pretrainer.export(out, metadata);
  }
}
await pretrainer.export(out, metadata);
process.exit(0);

/** Warm-up, constant, linear decay. */
function schedule(step: number): number {
  const warm = Math.min(1, (step + 1) / WARM_UP_STEPS);
  const decayFrom = steps * (1 - DECAY_SHARE);
  const decay = step < decayFrom ? 1 : 1 - (0.95 * (step - decayFrom)) / (steps - decayFrom);
  return warm * decay;
}
