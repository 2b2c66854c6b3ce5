import { Graph, GraphAllocator } from "../ggml/graph.ts";
import type { Gradients } from "../layers/gradients.ts";
import { type Adapter, attach, createAdapter, readAdapter, writeAdapter } from "../lora/adapter.ts";
import { backward, forward } from "../model/forward.ts";
import type { LoadedModel } from "../model/load.ts";
import type { Model } from "../model/model.ts";
import { type PackedBatch, pack, type TokenRow, targetCount } from "../model/packing.ts";
import { transposeNodes } from "../model/transposes.ts";
import { random, seedFor, shuffled } from "../random.ts";
import {
  type LoraOptions,
  TrainerError,
  type TrainOptions,
  type TrainProgress,
  type TrainResult,
} from "../types.ts";
import { ADAMW, AdamW } from "./optimizer.ts";

/** A {@link TrainJob} whose rows are tokens. */
export interface TokenJob {
  rows: TokenRow[];
  lora: LoraOptions;
  options: TrainOptions;
  from?: string;
  out: string;
}

export interface TrainHooks {
  onProgress?: (progress: TrainProgress) => void;
  /** Asked before each step. */
  cancelled?: () => boolean;
}

/**
 * Trains one LoRA adapter on a frozen model by AdamW: constant learning rate, rows shuffled anew
 * each epoch, each step the mean loss per supervised token.
 * @throws TrainerError `invalid-job` | `cancelled` | `diverged` | `write-failed`
 */
export async function trainAdapter(
  loaded: LoadedModel,
  job: TokenJob,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  checkJob(job, loaded.model);
  const { backend, model } = loaded;
  const adapter = startingAdapter(loaded, job);
  const optimizer = new AdamW(backend, adapter.tensors, {
    ...ADAMW,
    weightDecay: job.options.weightDecay,
  });
  const allocator = new GraphAllocator(backend);
  attach(model, adapter, true);
  const started = performance.now();
  const plan = planSteps(job);
  const losses: number[] = [];
  let tokens = 0;
  let supervisedTokens = 0;
  try {
    for (const [i, { epoch, rows }] of plan.entries()) {
      if (hooks.cancelled?.()) {
        throw new TrainerError(
          "cancelled",
          `Training was cancelled at step ${i} of ${plan.length}.`,
        );
      }
      const batch = pack(rows);
      const loss = await trainStep(model, batch, optimizer, allocator, job.options.learningRate);
      if (!Number.isFinite(loss)) {
        throw new TrainerError(
          "diverged",
          `The loss became ${loss} at step ${i + 1} of ${plan.length}. Lower the learning rate (${job.options.learningRate}).`,
        );
      }
      losses.push(loss);
      tokens += batch.rowTokens;
      supervisedTokens += batch.labels.length;
      const seconds = (performance.now() - started) / 1000;
      hooks.onProgress?.({
        step: i + 1,
        steps: plan.length,
        epoch,
        loss,
        tokensPerSecond: tokens / seconds,
        secondsLeft: (seconds / (i + 1)) * (plan.length - i - 1),
      });
    }
    // A loss is measured before its step's update: the last update shows in the weights alone.
    for (const tensor of adapter.tensors.values()) {
      if (!backend.download(tensor).every(Number.isFinite)) {
        throw new TrainerError(
          "diverged",
          `The adapter's weights left the range of numbers at the last step. Lower the learning rate (${job.options.learningRate}).`,
        );
      }
    }
    const sha256 = writeAdapter(backend, model, adapter, job.out);
    return {
      path: job.out,
      sha256,
      steps: plan.length,
      losses,
      tokens,
      supervisedTokens,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    attach(model, undefined, false);
    allocator.free();
    optimizer.free();
    adapter.free();
  }
}

/** One optimizer step over one packed batch; the mean loss per target before it, in nats. */
export async function trainStep(
  model: Model,
  batch: PackedBatch,
  optimizer: { update(g: Graph, gradients: Gradients, rate: number): void },
  allocator: GraphAllocator,
  learningRate: number,
): Promise<number> {
  const g = new Graph(allocator.backend, nodeBudget(model, batch));
  try {
    const pass = forward(g, model, batch);
    const weights = new Float32Array(batch.labels.length).fill(1 / batch.labels.length);
    const { gradients, logprob } = backward(g, model, batch, pass, weights);
    g.output(logprob);
    optimizer.update(g, gradients, learningRate);
    await g.run(allocator);
    return -mean(allocator.backend.download(logprob));
  } finally {
    g.free();
  }
}

/** An upper bound of a step's graph nodes and tensors, the optimizer's included. */
export function nodeBudget(model: Model, batch: PackedBatch): number {
  const blocks = model.blocks.length * (1024 + batch.windows.length * 64);
  return 1024 + blocks + transposeNodes(model, batch.labels.length);
}

/** Rows of every epoch in shuffled order, cut into steps of at most `batchTokens`. */
export function planSteps(job: TokenJob): { epoch: number; rows: TokenRow[] }[] {
  const next = random(seedFor(job.options.seed, "order"));
  const steps: { epoch: number; rows: TokenRow[] }[] = [];
  for (let epoch = 1; epoch <= job.options.epochs; epoch++) {
    let rows: TokenRow[] = [];
    let size = 0;
    for (const index of shuffled(job.rows.length, next)) {
      const row = job.rows[index] as TokenRow;
      if (rows.length > 0 && size + row.tokens.length > job.options.batchTokens) {
        steps.push({ epoch, rows });
        rows = [];
        size = 0;
      }
      rows.push(row);
      size += row.tokens.length;
    }
    steps.push({ epoch, rows });
  }
  return steps;
}

function startingAdapter(loaded: LoadedModel, job: TokenJob): Adapter {
  const { backend, model } = loaded;
  if (!job.from) return createAdapter(backend, model, job.lora, job.options.seed);
  const adapter = readAdapter(backend, model, job.from);
  const { rank, alpha, targets } = adapter.options;
  const same =
    rank === job.lora.rank &&
    alpha === job.lora.alpha &&
    targets.length === job.lora.targets.length &&
    targets.every((t) => job.lora.targets.includes(t));
  if (same) return adapter;
  adapter.free();
  throw new TrainerError(
    "adapter-mismatch",
    `${job.from} has rank ${rank}, alpha ${alpha} on ${targets.join(", ")}; the job asks for rank ${job.lora.rank}, alpha ${job.lora.alpha} on ${job.lora.targets.join(", ")}. Continue with the adapter's own values.`,
  );
}

function checkJob(job: TokenJob, model: Model): void {
  const { epochs, learningRate, batchTokens, weightDecay } = job.options;
  const limit = model.hyper.contextLength;
  const complain = (message: string): never => {
    throw new TrainerError("invalid-job", message);
  };
  if (job.rows.length === 0) complain("The job has no training rows.");
  job.rows.forEach((row, i) => {
    if (targetCount(row) === 0) complain(`Training row ${i + 1} has no supervised tokens.`);
    if (row.tokens.length > limit) {
      complain(
        `Training row ${i + 1} has ${row.tokens.length} tokens, the model's context is ${limit}. Split it.`,
      );
    }
  });
  if (!Number.isInteger(epochs) || epochs < 1) complain(`${epochs} epochs: give 1 or more.`);
  if (!(learningRate > 0 && learningRate <= 1)) {
    complain(`The learning rate ${learningRate} is not above 0 and at most 1.`);
  }
  if (!(batchTokens >= 1)) complain(`${batchTokens} tokens per step: give 1 or more.`);
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    complain(`The weight decay ${weightDecay} is not a number from 0 up.`);
  }
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
