import { DatabaseError, explainDatabaseError, isDiskFull } from "../db/errors.ts";
import { addEvent } from "../db/events.ts";
import {
  claimJob,
  countQueued,
  type Job,
  type JobKind,
  JobLostError,
  releaseJob,
  requeueOrphans,
} from "../db/jobs.ts";
import { releaseLease, renewLease, setLeaseProblem, takeLease } from "../db/leases.ts";
import type { LearnerContext, Progress } from "./context.ts";
import { isDead, newOwner } from "./jobs/owner.ts";
import { describe, runJob } from "./jobs/run.ts";
import type { JobHandlers } from "./jobs/types.ts";
import { sweepInbox } from "./read/inbox.ts";
import { sleep } from "./sleep.ts";
import type { Rest } from "./triage/permit.ts";

/** The one lease: whoever holds it takes jobs from the journal. */
export const LOOP_LEASE = "loop";

/**
 * What the loop is doing:
 * - `standby`: another process runs it
 * - `idle`: there is nothing to do
 * - `working`: a job runs; `progress` tells more
 * - `resting`: what waits is to be learned, and may not be for now: the message says why
 * - `paused`: nothing can be done for now, and the message says why and what to do
 */
export type LoopState =
  | { phase: "standby" | "idle" | "stopped" }
  | { phase: "working"; jobId: number; title: string }
  | { phase: "resting"; message: string }
  | { phase: "paused"; message: string };

/** What the process that runs the loop brings along; the loop adds the rest of a job's context. */
export type LoopContext = Omit<LearnerContext, "signal" | "onProgress">;

export interface LoopOptions {
  context: LoopContext;
  handlers: JobHandlers;
  /** Ends the loop: the running job stops at its next step and goes back to its place. */
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
  onState?: (state: LoopState) => void;
  /** Asked between jobs, and now and then while one runs: why nothing is to be learned for now. */
  rest?: () => Rest | undefined;
  /** Asked between jobs, and while another process has the lease: whether the loop is to end. */
  until?: () => boolean;
  /**
   * What to do when nothing can go on (a full disk, a model that cannot be loaded, a rest): `wait` tries
   * again every now and then, `stop` ends the loop with an error. Default `wait`.
   */
  onTrouble?: "wait" | "stop";
  timing?: Partial<LoopTiming>;
}

/** All in milliseconds. */
export interface LoopTiming {
  /** How long the lease is held without a heart-beat. */
  lease: number;
  heartbeat: number;
  /** How often an idle loop looks for jobs. */
  poll: number;
  /** How long a pause lasts before things are tried again. */
  pause: number;
}

const TIMING: LoopTiming = { lease: 30_000, heartbeat: 5_000, poll: 500, pause: 30_000 };

/** What is done while nothing is learned: reading, and what somebody asked for just now. */
const AT_REST: JobKind[] = ["read", "measure"];

/** The loop cannot go on: a full disk, a model that cannot be used, or learning that rests. */
export class LoopError extends Error {
  constructor(
    readonly trouble: "disk" | "model" | "rest",
    message: string,
  ) {
    super(message);
    this.name = "LoopError";
  }
}

/**
 * Runs jobs from the journal, one at a time, until the signal aborts or `until` says so. Only one
 * process does so for an instance: another one that is asked to stands by and takes over when the
 * first ends, at once if it died on this machine.
 * @throws LoopError with `onTrouble: "stop"`; DatabaseError when the database is damaged
 */
export async function runLoop(options: LoopOptions): Promise<void> {
  await new Loop(options).run();
}

class Loop {
  private readonly owner = newOwner();
  private readonly timing: LoopTiming;
  /** Why learning waits, and until when (milliseconds since 1970). */
  private blocked: { message: string; until: number } | undefined;
  /** A job that could not even be given back, since the disk was full. */
  private stranded: Job | undefined;
  private told = "";
  private posted: string | null = null;

  constructor(private readonly options: LoopOptions) {
    this.timing = { ...TIMING, ...options.timing };
  }

  async run(): Promise<void> {
    const { db } = this.options.context;
    try {
      while (!this.finished()) {
        await this.guarded(async () => {
          if (takeLease(db, LOOP_LEASE, this.owner, this.timing.lease, { dead: isDead })) {
            await this.hold();
          } else {
            this.tell({ phase: "standby" });
            await sleep(this.timing.poll, this.options.signal);
          }
        });
      }
    } finally {
      this.tell({ phase: "stopped" });
    }
  }

  /** Works while the lease is ours. */
  private async hold(): Promise<void> {
    const { db } = this.options.context;
    const lost = new AbortController();
    const beat = setInterval(() => {
      try {
        if (!renewLease(db, LOOP_LEASE, this.owner, this.timing.lease)) lost.abort();
      } catch {
        // The disk is full or the database busy: the next beat tells whether the lease is still ours.
      }
    }, this.timing.heartbeat);
    const signal = AbortSignal.any([this.options.signal, lost.signal]);
    try {
      let adopted = false;
      while (!this.finished() && !lost.signal.aborted) {
        await this.guarded(async () => {
          if (!adopted) this.adoptOrphans();
          adopted = true;
          await this.step(signal);
        });
      }
    } finally {
      clearInterval(beat);
      // With a full disk the lease cannot be given back: others see from its owner that it is free.
      try {
        releaseLease(db, LOOP_LEASE, this.owner);
      } catch {}
    }
  }

  private adoptOrphans(): void {
    const { db, home } = this.options.context;
    for (const job of requeueOrphans(db)) {
      const message = `${describe(db, job)} was interrupted and is taken up again.`;
      const { passageId } = job.payload;
      addEvent(db, { level: "info", kind: "job.resumed", message, jobId: job.id, passageId });
    }
    sweepInbox(db, home);
  }

  private async step(signal: AbortSignal): Promise<void> {
    const { context, handlers, onProgress } = this.options;
    if (this.stranded) {
      releaseJob(context.db, this.stranded);
      this.stranded = undefined;
    }
    const waiting = this.blocked !== undefined && Date.now() < this.blocked.until;
    const rest = waiting ? undefined : this.options.rest?.();
    const kinds: JobKind[] | undefined = waiting ? ["read"] : rest && AT_REST;
    const job = claimJob(context.db, this.owner, kinds ? { kinds } : {});
    if (!job) {
      if (waiting) this.pause("model", this.blocked!.message);
      else if (rest && countQueued(context.db, "learn") > 0) this.rest(rest.message);
      else this.tell({ phase: "idle" });
      await sleep(this.timing.poll, this.options.signal);
      return;
    }
    const title = describe(context.db, job);
    this.tell({ phase: "working", jobId: job.id, title });
    const progress = (event: Progress) => onProgress?.(event);
    if (job.kind === "read") {
      progress({ jobId: job.id, title, stage: "read", detail: `Reading ${title}` });
    }
    // If this throws, the disk was full even for giving the job back.
    this.stranded = job;
    const ended = new AbortController();
    const watch = setInterval(() => this.endAtRest(job, ended), this.timing.heartbeat);
    const own = AbortSignal.any([signal, ended.signal]);
    const outcome = await runJob(
      { ...context, signal: own, onProgress: progress },
      handlers,
      job,
    ).finally(() => clearInterval(watch));
    this.stranded = undefined;
    if (outcome.end === "model") this.block(outcome.message);
    else if (outcome.end === "disk") await this.waitForDisk();
    else if (outcome.end === "done" && job.kind !== "read") this.blocked = undefined;
  }

  /** Somebody paused the learning, or quiet hours began: what is done goes on later where it was. */
  private endAtRest(job: Job, ended: AbortController): void {
    try {
      if (!AT_REST.includes(job.kind) && this.options.rest?.()?.stops) ended.abort();
    } catch {
      // The database is busy: the next look tells.
    }
  }

  /** @throws LoopError with `onTrouble: "stop"` */
  private rest(message: string): void {
    this.tell({ phase: "resting", message });
    if (this.options.onTrouble === "stop") throw new LoopError("rest", message);
  }

  /** Jobs that need the model wait, and the first of them is tried again after a while. */
  private block(message: string): void {
    const { db } = this.options.context;
    if (this.blocked?.message !== message) {
      addEvent(db, { level: "error", kind: "model.unusable", message });
    }
    this.blocked = { message, until: Date.now() + this.timing.pause };
  }

  private async waitForDisk(): Promise<void> {
    const { root } = this.options.context.home;
    this.pause(
      "disk",
      `The disk that holds ${root} is full: free some space there; what is recorded is safe, and is taken up again.`,
    );
    await sleep(this.timing.pause, this.options.signal);
  }

  /** @throws LoopError with `onTrouble: "stop"` */
  private pause(trouble: LoopError["trouble"], message: string): void {
    this.tell({ phase: "paused", message });
    if (this.options.onTrouble === "stop") throw new LoopError(trouble, message);
  }

  /** Sits out a full disk and a busy database; other failures end the loop. */
  private async guarded(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const error = explainDatabaseError(thrown, this.options.context.home.database);
      if (error instanceof JobLostError) return;
      if (isDiskFull(error)) await this.waitForDisk();
      else if (error instanceof DatabaseError && error.code === "busy") {
        await sleep(this.timing.poll, this.options.signal);
      } else throw error;
    }
  }

  private finished(): boolean {
    return this.options.signal.aborted || this.options.until?.() === true;
  }

  private tell(state: LoopState): void {
    const key = JSON.stringify(state);
    if (key === this.told) return;
    this.told = key;
    if (state.phase !== "stopped") this.post("message" in state ? state.message : null);
    this.options.onState?.(state);
  }

  /** Lets those who wait in other processes know; a full disk may keep it from them. */
  private post(problem: string | null): void {
    if (problem === this.posted) return;
    try {
      setLeaseProblem(this.options.context.db, LOOP_LEASE, this.owner, problem);
      this.posted = problem;
    } catch {}
  }
}
