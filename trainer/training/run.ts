import { TrainerError } from "../errors.ts";
import { type Adapter, writeAdapter } from "../lora/adapter.ts";
import type { LoadedModel } from "../model/load.ts";
import type { OutputFile } from "../output.ts";
import { type Checkpoint, CheckpointFile, type JobState } from "./checkpoint.ts";
import { LossGuard } from "./guard.ts";
import { jobIdentity } from "./identity.ts";
import type { TrainProgress, TrainResult } from "./job.ts";
import { ADAMW, AdamW } from "./optimizer.ts";
import { Plan } from "./plan.ts";
import { RowMemory } from "./row-memory.ts";
import { rateFactor } from "./schedule.ts";
import { startingAdapter } from "./start.ts";
import { type StepOutcome, StepRunner } from "./step.ts";
import type { TokenJob } from "./token-job.ts";

/** Seconds between two checkpoints where the job does not say. */
const CHECKPOINT_SECONDS = 60;

export interface TrainHooks {
  onProgress?: (progress: TrainProgress) => void;
  /** Asked before each graph. */
  cancelled?: () => boolean;
}

/** Thrown where a job shall stop; {@link JobRun} decides what that leaves. */
class Stopped extends Error {}

/** One job from its first step to its file. */
export class JobRun {
  private readonly plan: Plan;
  private readonly adapter: Adapter;
  private readonly optimizer: AdamW;
  private readonly guard: LossGuard;
  private readonly checkpoint: CheckpointFile | undefined;
  private readonly state: JobState;
  private readonly memory: RowMemory;
  private readonly resumedFrom: number | undefined;
  private readonly started = performance.now();
  private readonly tokensBefore: number;
  private lastSave = performance.now();

  /** @throws TrainerError `adapter-unreadable`, `adapter-mismatch`, `checkpoint-mismatch` */
  constructor(
    private readonly loaded: LoadedModel,
    private readonly job: TokenJob,
    private readonly hooks: TrainHooks,
    private readonly out: OutputFile,
  ) {
    const { backend, model } = loaded;
    const { options } = job;
    this.plan = new Plan(job);
    const advice = `Lower the learning rate (${options.learningRate}).`;
    const guess = Math.log(model.hyper.vocabulary);
    this.guard = new LossGuard(options.guard, this.plan.steps, guess, advice);
    this.checkpoint = job.checkpoint && this.checkpointFile();
    const saved = this.checkpoint?.read();
    this.state = saved?.state ?? this.begin();
    this.memory = new RowMemory(job.rows.length, saved?.state.rows);
    this.resumedFrom = saved?.state.step;
    this.tokensBefore = this.state.tokens;
    this.adapter = startingAdapter(loaded, job);
    try {
      const { rateRatio = 1, weightDecay } = options;
      const rateOf = (name: string): number => (name.endsWith(".lora_b") ? rateRatio : 1);
      const settings = { ...ADAMW, weightDecay };
      this.optimizer = new AdamW(backend, this.adapter.tensors, settings, rateOf);
    } catch (error) {
      this.adapter.free();
      throw error;
    }
    if (saved) this.restore(saved);
  }

  /** @throws TrainerError `cancelled` | `diverged` | `write-failed` */
  async run(): Promise<TrainResult> {
    try {
      const ended = await this.train();
      this.checkWeights();
      return this.finish(ended);
    } catch (error) {
      if (error instanceof Stopped) return this.stop();
      if (error instanceof TrainerError && error.code === "diverged") this.checkpoint?.remove();
      throw error;
    }
  }

  free(): void {
    this.optimizer.free();
    this.adapter.free();
  }

  private async train(): Promise<TrainResult["ended"]> {
    const runner = await StepRunner.start(this.loaded, this.job, this.adapter, this.optimizer, () =>
      this.checkStop(),
    );
    try {
      const { epochs, learningRate, schedule, stopWhenLearned } = this.job.options;
      const { state } = this;
      for (;;) {
        while (state.pending.length === 0) {
          if (state.epoch === epochs) return "complete";
          this.nextEpoch();
        }
        this.checkStop();
        const [rows = []] = state.pending;
        const rate = learningRate * rateFactor(schedule, state.step, this.plan.steps);
        this.account(await runner.run(state.step, rows, rate), rate);
        if (stopWhenLearned !== undefined && this.memory.allBelow(stopWhenLearned)) {
          return "learned";
        }
        this.saveWhenDue();
      }
    } finally {
      runner.free();
    }
  }

  private nextEpoch(): void {
    const { state } = this;
    state.epoch++;
    state.pending = this.plan.epoch(state.epoch, this.memory);
    state.saved += this.plan.full(state.epoch).length - state.pending.length;
  }

  /** Books a step, and ends the job where it has gone wrong. */
  private account(outcome: StepOutcome, learningRate: number): void {
    const { state, memory } = this;
    state.losses.push(outcome.loss);
    this.guard.check(state.losses, outcome.gradientNorm);
    for (const { row, loss } of outcome.rowLosses) memory.see(row, state.epoch, loss);
    state.pending.shift();
    state.step++;
    state.tokens += outcome.tokens;
    state.supervisedTokens += outcome.targets;
    const seconds = this.seconds();
    const steps = this.plan.steps - state.saved;
    const done = state.step - (this.resumedFrom ?? 0);
    const { loss, kl, gradientNorm } = outcome;
    this.hooks.onProgress?.({
      step: state.step,
      steps,
      epoch: state.epoch,
      loss,
      ...(kl !== undefined && { kl }),
      ...(gradientNorm !== undefined && { gradientNorm }),
      learningRate,
      tokensPerSecond: (state.tokens - this.tokensBefore) / seconds,
      secondsLeft: (seconds / done) * (steps - state.step),
    });
  }

  /** A loss is measured before its step's update: the last update shows in the weights alone. */
  private checkWeights(): void {
    for (const tensor of this.adapter.tensors.values()) {
      if (!this.loaded.backend.download(tensor).every(Number.isFinite)) {
        throw new TrainerError(
          "diverged",
          `The adapter's weights left the range of numbers at the last step. Lower the learning rate (${this.job.options.learningRate}).`,
        );
      }
    }
  }

  private finish(ended: TrainResult["ended"]): TrainResult {
    const { state, job } = this;
    const { backend, model } = this.loaded;
    const sha256 = writeAdapter(backend, model, this.adapter, this.out);
    this.checkpoint?.remove();
    return {
      path: job.out,
      sha256,
      steps: state.step,
      losses: state.losses,
      tokens: state.tokens,
      supervisedTokens: state.supervisedTokens,
      seconds: this.seconds(),
      ended,
      stepsSaved: this.plan.steps - state.step,
      ...(this.resumedFrom !== undefined && { resumedFrom: this.resumedFrom }),
    };
  }

  private checkStop(): void {
    if (this.hooks.cancelled?.()) throw new Stopped();
  }

  private stop(): TrainResult {
    const { onStop = "discard" } = this.job;
    if (onStop === "keep") {
      this.checkWeights();
      return this.finish("stopped");
    }
    const where = `Training was cancelled at step ${this.state.step} of ${this.plan.steps - this.state.saved}`;
    if (onStop === "discard" || !this.checkpoint || this.state.step === 0) {
      this.checkpoint?.remove();
      throw new TrainerError("cancelled", `${where}.`);
    }
    this.save(this.checkpoint);
    throw new TrainerError(
      "cancelled",
      `${where}. The same job goes on from ${this.checkpoint.path}.`,
    );
  }

  private begin(): JobState {
    return {
      epoch: 0,
      pending: [],
      step: 0,
      saved: 0,
      losses: [],
      tokens: 0,
      supervisedTokens: 0,
      rows: new RowMemory(this.job.rows.length).save(),
    };
  }

  private checkpointFile(): CheckpointFile {
    const { job, loaded } = this;
    return new CheckpointFile(
      loaded.backend.library,
      job.checkpoint?.path ?? `${job.out}.checkpoint`,
      jobIdentity(job, loaded.path),
    );
  }

  private saveWhenDue(): void {
    const { checkpoint, job, state } = this;
    if (!checkpoint) return;
    const { everySteps, everySeconds } = job.checkpoint ?? {};
    const seconds = everySeconds ?? (everySteps ? Number.POSITIVE_INFINITY : CHECKPOINT_SECONDS);
    const due =
      (everySteps !== undefined && state.step % everySteps === 0) ||
      performance.now() - this.lastSave >= seconds * 1000;
    if (due) this.save(checkpoint);
  }

  private save(checkpoint: CheckpointFile): void {
    const { backend } = this.loaded;
    const tensors = new Map(this.optimizer.save().tensors);
    for (const [name, t] of this.adapter.tensors) tensors.set(name, backend.download(t));
    checkpoint.write({ state: { ...this.state, rows: this.memory.save() }, tensors });
    this.lastSave = performance.now();
  }

  private restore({ state, tensors }: Checkpoint): void {
    this.optimizer.restore({ step: state.step, tensors });
    for (const [name, t] of this.adapter.tensors) {
      this.loaded.backend.upload(t, tensors.get(name) as Float32Array);
    }
  }

  private seconds(): number {
    return (performance.now() - this.started) / 1000;
  }
}
