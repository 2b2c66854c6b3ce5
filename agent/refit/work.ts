import { rmSync } from "node:fs";
import { join } from "node:path";
import { addEvent } from "../../db/events.ts";
import { commitStep, finishJob, isOutranked, type Job } from "../../db/jobs.ts";
import {
  changeRefit,
  getRefit,
  type Refit,
  type RefitChange,
  type RefitStage,
  refitPassagesOf,
} from "../../db/refits.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import type { TrainProgress } from "../../trainer/types.ts";
import type { LearnerContext } from "../context.ts";
import { JobYield } from "../jobs/trouble.ts";
import { refitName } from "./request.ts";

/** Somebody ended the refit: nothing of it is to be kept. */
export class RefitStopped extends Error {
  override name = "RefitStopped";
}

/** One refit's way through its stages: what they share, and how they commit their results. */
export class RefitWork {
  /** Where its adapter is written, inside the adapters folder. */
  readonly scratch: string;
  /** When the last step was committed. */
  private began = performance.now();

  constructor(
    readonly context: LearnerContext,
    readonly job: Job,
    public refit: Refit,
  ) {
    this.scratch = `tmp/refit-${refit.id}.gguf`;
  }

  get db() {
    return this.context.db;
  }

  /** The passages that are left out. */
  get dropped(): number[] {
    return refitPassagesOf(this.db, this.refit.id, "drop").map(({ passageId }) => passageId);
  }

  /** Whether another version answers than when it was trained. */
  get isOutdated(): boolean {
    return (currentVersion(this.db)?.id ?? BASE_VERSION) !== this.refit.fromVersionId;
  }

  path(file: string): string {
    return join(this.context.home.adapters, file);
  }

  removeScratch(): void {
    for (const file of [this.scratch, `${this.scratch}.checkpoint`]) {
      rmSync(this.path(file), { force: true });
    }
  }

  /** Tells people what is being done; throws when the loop was asked to stop. */
  say(detail: string, training?: TrainProgress): void {
    this.context.signal.throwIfAborted();
    this.context.onProgress({
      jobId: this.job.id,
      title: refitName(this.refit),
      stage: "refit",
      detail,
      ...(training && { training }),
    });
  }

  /** Why it should not go on for now, or at all. */
  interruption(): Error | undefined {
    const { db } = this;
    if (getRefit(db, this.refit.id)?.finishedAt !== null) return new RefitStopped();
    return isOutranked(db, "refit") ? new JobYield("Something more urgent waits.") : undefined;
  }

  /**
   * Commits a stage's results and what comes next in one transaction. `results` may add to the change.
   * @throws JobLostError when another process has taken the job over; {@link RefitStopped}
   */
  advance(
    change: RefitChange & { stage: RefitStage },
    results: (change: RefitChange) => void = () => {},
  ): void {
    const { context, db, job } = this;
    context.signal.throwIfAborted();
    this.refit = commitStep(db, job, () => {
      if (getRefit(db, this.refit.id)?.finishedAt !== null) throw new RefitStopped();
      const whole: RefitChange = { ...change, timing: this.spent };
      results(whole);
      return changeRefit(db, this.refit.id, whole);
    });
    this.began = performance.now();
  }

  /** Begins again: what it was trained on is not what it would be trained on now, or its file is gone. */
  restart(): void {
    this.removeScratch();
    this.advance({ stage: "train", file: null, sha256: null });
  }

  /** Ends it: the row, the log and the job at once, with `results`, which may add to the change. */
  finish(
    change: RefitChange,
    level: "info" | "warning",
    results: (change: RefitChange) => void = () => {},
  ): void {
    this.advance({ ...change, finishedAt: Date.now(), stage: "done" }, (all) => {
      results(all);
      const message = `${refitName(this.refit)}: ${all.reason}`;
      addEvent(this.db, { level, kind: `refit.${all.verdict}`, message, jobId: this.job.id });
      finishJob(this.db, this.job);
    });
  }

  /** Seconds of the stage so far count with what it commits. */
  private get spent(): Record<string, number> {
    const { stage, timing } = this.refit;
    const seconds = (performance.now() - this.began) / 1000;
    return { ...timing, [stage]: (timing[stage] ?? 0) + seconds };
  }
}
