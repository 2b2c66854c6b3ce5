import { Graph, GraphAllocator } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import { DropoutMasks } from "../layers/dropout.ts";
import type { Gradients } from "../layers/gradients.ts";
import { type Adapter, attach } from "../lora/adapter.ts";
import { backward, forward, lowestTrained } from "../model/forward.ts";
import type { LoadedModel } from "../model/load.ts";
import type { Model } from "../model/model.ts";
import { targetCount } from "../model/packing.ts";
import { transposeNodes } from "../model/transposes.ts";
import { seedFor } from "../random.ts";
import { clipped, globalNorm } from "./clip.ts";
import { FrozenStates, isAnchored } from "./frozen.ts";
import { GradientSum } from "./gradient-sum.ts";
import type { AdamW } from "./optimizer.ts";
import { cutBySize } from "./plan.ts";
import { nodeBudget } from "./step-graph.ts";
import type { TokenJob, TrainRow } from "./token-job.ts";

/** What a step has measured, before its update. */
export interface StepOutcome {
  /** Mean negative log-likelihood per target. */
  loss: number;
  /** The same of each of its rows. */
  rowLosses: { row: number; loss: number }[];
  /** Mean KL(base || adapted) per target of its anchored rows. */
  kl?: number;
  /** Of all gradients together, before they are clipped. */
  gradientNorm?: number;
  tokens: number;
  targets: number;
}

/** Sums over the graphs of a step. */
interface Tally {
  logprob: number;
  rows: Map<number, number>;
  kl: number;
  anchored: number;
}

/** Computes a job's optimizer steps: gradients in one graph or several, clipping, the update. */
export class StepRunner {
  private readonly allocator: GraphAllocator;
  private readonly model: Model;
  private readonly sum: GradientSum | undefined;
  private masks: DropoutMasks | undefined;
  private frozen!: FrozenStates;

  private constructor(
    loaded: LoadedModel,
    private readonly job: TokenJob,
    private readonly adapter: Adapter,
    private readonly optimizer: AdamW,
    private readonly checkStop: () => void,
  ) {
    this.model = loaded.model;
    this.allocator = new GraphAllocator(loaded.backend);
    const { batchTokens, microBatchTokens = batchTokens } = job.options;
    const several = microBatchTokens < batchTokens;
    this.sum = several ? new GradientSum(loaded.backend, adapter.tensors) : undefined;
  }

  /**
   * Makes the model ready for training this adapter.
   * @param checkStop asked before each graph; throws to end the work
   */
  static async start(
    loaded: LoadedModel,
    job: TokenJob,
    adapter: Adapter,
    optimizer: AdamW,
    checkStop: () => void,
  ): Promise<StepRunner> {
    const runner = new StepRunner(loaded, job, adapter, optimizer, checkStop);
    try {
      const { model, allocator } = runner;
      const { options, rows } = job;
      attach(model, adapter, true);
      const lowest = options.cacheFrozen ? lowestTrained(model) : 0;
      const limit = options.microBatchTokens ?? options.batchTokens;
      const source = { model, allocator, rows, limit, checkStop };
      runner.frozen = await FrozenStates.compute(source, lowest);
      attach(model, adapter, true, options.dropout ? runner.mask : undefined);
      return runner;
    } catch (error) {
      runner.free();
      throw error;
    }
  }

  /**
   * One optimizer step.
   * @param step from 0; decides the dropout
   */
  async run(step: number, rows: readonly number[], learningRate: number): Promise<StepOutcome> {
    const groups = this.cut(rows);
    const targets = rows.reduce((n, row) => n + targetCount(this.row(row)), 0);
    const tally: Tally = { logprob: 0, rows: new Map(), kl: 0, anchored: 0 };
    let norm: number | undefined;
    for (const [i, group] of groups.entries()) {
      this.checkStop();
      const seed = seedFor(this.job.options.seed, `dropout ${step} ${i}`);
      norm = await this.compute(group, targets, seed, tally, (g, gradients) => {
        if (groups.length === 1) return this.update(g, gradients, learningRate);
        this.sum?.add(g, gradients, i === 0);
        return undefined;
      });
    }
    if (groups.length > 1) norm = await this.updateFromSum(learningRate);
    return {
      loss: -tally.logprob / targets,
      rowLosses: [...tally.rows].map(([row, logprob]) => ({
        row,
        loss: -logprob / targetCount(this.row(row)),
      })),
      ...(tally.anchored > 0 && { kl: tally.kl / tally.anchored }),
      ...(norm !== undefined && { gradientNorm: norm }),
      tokens: rows.reduce((n, row) => n + this.row(row).tokens.length, 0),
      targets,
    };
  }

  /** Most bytes that a graph has taken so far, on the device. */
  get graphBytes(): number {
    return this.allocator.bytes;
  }

  free(): void {
    attach(this.model, undefined, false);
    this.allocator.free();
    this.sum?.free();
  }

  private readonly mask = (_: Graph, name: string, x: Tensor): Tensor =>
    (this.masks as DropoutMasks).mask(name, x);

  private row(index: number): TrainRow {
    return this.job.rows[index] as TrainRow;
  }

  private cut(rows: readonly number[]): number[][] {
    const { microBatchTokens } = this.job.options;
    if (!this.sum || microBatchTokens === undefined) return [[...rows]];
    return cutBySize(rows, (row) => this.row(row).tokens.length, microBatchTokens);
  }

  /**
   * One graph: the gradients of its rows' share of the step's loss.
   * @param finish adds to the graph what is done with them; may return their norm
   */
  private async compute(
    rows: readonly number[],
    stepTargets: number,
    seed: number,
    tally: Tally,
    finish: (g: Graph, gradients: Gradients) => Tensor | undefined,
  ): Promise<number | undefined> {
    const { model, frozen } = this;
    const { backend } = this.allocator;
    const { recompute, dropout } = this.job.options;
    const batch = frozen.pack(rows);
    const anchored = rows.some((row) => isAnchored(this.row(row)));
    // The anchored targets' chunks are smaller: there are four times as many.
    const more = anchored ? transposeNodes(model, 4 * batch.labels.length) : 0;
    const g = new Graph(backend, nodeBudget(model, batch) + more);
    try {
      if (dropout) {
        this.masks = new DropoutMasks(g, dropout, seed, widest(model) * batch.tokens.length);
      }
      const pass = forward(g, model, batch, { recompute, ...frozen.start(rows, batch) });
      const weights = Float32Array.from(
        batch.owners,
        (owner) => (this.row(rows[owner] as number).weight ?? 1) / stepTargets,
      );
      const anchor = frozen.anchor(g, rows, batch, stepTargets);
      const { gradients, logprob, kl } = backward(g, model, batch, pass, weights, anchor);
      g.output(logprob);
      if (kl) g.output(kl);
      const norm = finish(g, gradients);
      await g.run(this.allocator);
      backend.download(logprob).forEach((value, i) => {
        const row = rows[batch.owners[i] as number] as number;
        tally.logprob += value;
        tally.rows.set(row, (tally.rows.get(row) ?? 0) + value);
      });
      if (kl) {
        for (const value of backend.download(kl)) tally.kl += value;
        tally.anchored += kl.ne[1];
      }
      return norm && backend.download(norm)[0];
    } finally {
      g.free();
    }
  }

  /** Adds the update to a graph; returns the gradients' norm where somebody asks for it. */
  private update(g: Graph, gradients: Gradients, learningRate: number): Tensor | undefined {
    const { clipNorm, guard } = this.job.options;
    const wanted = clipNorm !== undefined || guard?.gradientNorm !== undefined;
    const norm = wanted ? g.output(globalNorm(g, gradients)) : undefined;
    const used = norm && clipNorm ? clipped(g, gradients, norm, clipNorm) : gradients;
    this.optimizer.update(g, used, learningRate);
    return norm;
  }

  private async updateFromSum(learningRate: number): Promise<number | undefined> {
    const { allocator, adapter } = this;
    const g = new Graph(allocator.backend, 256 + 32 * adapter.tensors.size);
    try {
      const norm = this.update(g, (this.sum as GradientSum).gradients(g), learningRate);
      await g.run(allocator);
      return norm && allocator.backend.download(norm)[0];
    } finally {
      g.free();
    }
  }
}

/** Input values per token of the widest projection. */
function widest({ hyper: { width, feedForward, heads, headDim } }: Model): number {
  return Math.max(width, feedForward, heads * headDim);
}
