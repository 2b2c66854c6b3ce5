import { join } from "node:path";
import { addEvent, type NewEvent } from "../../db/events.ts";
import { commitStep, type Job } from "../../db/jobs.ts";
import { type Decision, getPassage, type Passage } from "../../db/passages.ts";
import {
  changeUpdate,
  getUpdate,
  type Stage,
  type Update,
  type UpdateChange,
} from "../../db/updates.ts";
import { BASE_VERSION, currentVersion, getVersion, type Version } from "../../db/versions.ts";
import type { TrainProgress } from "../../trainer/types.ts";
import type { LearnerContext } from "../context.ts";

/** What a stage of an update spends its time on; the keys of `updates.timing`. */
export type TimedPart = "probe" | "decide" | "sample" | "train" | "score" | "gate" | "measure";

/** Whether an update of a passage may go on. */
export function isOpen(decision: Decision): boolean {
  return OPEN.has(decision);
}

/** What a passage can be while an update of it is under way. */
const OPEN = new Set<Decision>(["new", "failed", "learned", "known", "rejected", "unlearned"]);

/** The passage was deleted or replaced while its update was under way: nothing of it is to be kept. */
export class PassageGone extends Error {
  constructor(title: string) {
    super(`“${title}” was removed while it was being learned: nothing of it was kept.`);
    this.name = "PassageGone";
  }
}

/** One passage's way through the stages: what they share, and how they commit their results. */
export class Run {
  private timing: Record<string, number>;

  constructor(
    readonly context: LearnerContext,
    readonly job: Job,
    readonly passage: Passage,
    public update: Update,
  ) {
    this.timing = { ...update.timing };
  }

  get db() {
    return this.context.db;
  }

  get settings() {
    return this.context.settings;
  }

  /** Different for every passage, the same when a stage is done again. */
  get seed(): number {
    return this.settings.seed * 1_000_003 + this.passage.id;
  }

  /** The version this update began from; none is the untouched base. */
  get parent(): Version | undefined {
    const id = this.update.parentVersionId;
    return id === null ? undefined : getVersion(this.db, id);
  }

  get parentId(): number {
    return this.update.parentVersionId ?? BASE_VERSION;
  }

  /** Whether another version was committed since this update chose its parent. */
  get isOutdated(): boolean {
    return (currentVersion(this.db)?.id ?? BASE_VERSION) !== this.parentId;
  }

  adapterPath(file: string): string {
    return join(this.context.home.adapters, file);
  }

  /** Tells people what is being done; throws when the loop was asked to stop. */
  say(detail: string, training?: TrainProgress): void {
    this.context.signal.throwIfAborted();
    this.context.onProgress({
      jobId: this.job.id,
      passageId: this.passage.id,
      title: this.passage.title,
      stage: this.update.stage,
      detail,
      ...(training && { training }),
    });
  }

  /** Adds the seconds that `work` takes to a part of the update's timing. */
  async timed<T>(part: TimedPart, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - start) / 1000;
      this.timing[part] = (this.timing[part] ?? 0) + seconds;
    }
  }

  /**
   * Commits a stage's results and what comes next in one transaction: it is either done or not
   * begun, whenever the process dies. `results` may add to the
   * change.
   * @throws JobLostError when another process has taken the job over; {@link PassageGone}
   */
  advance(
    change: UpdateChange & { stage: Stage },
    results: (change: UpdateChange) => void = () => {},
  ): void {
    this.context.signal.throwIfAborted();
    this.update = commitStep(this.db, this.job, () => {
      const now = getPassage(this.db, this.passage.id);
      const update = getUpdate(this.db, this.update.id);
      if (!now || !update || update.finishedAt !== null || !isOpen(now.decision)) {
        throw new PassageGone(this.passage.title);
      }
      const whole: UpdateChange = { ...change, timing: this.timing };
      results(whole);
      return changeUpdate(this.db, this.update.id, whole);
    });
  }

  /** Records at once, outside of any stage's transaction, what went wrong and does not stop the update. */
  warn(kind: string, message: string): void {
    this.note(kind, `“${this.passage.title}”: ${message}`, "warning");
  }

  /** Records an event of this update; inside {@link advance}, in its transaction. */
  note(kind: string, message: string, level: NewEvent["level"] = "info"): void {
    addEvent(this.db, { level, kind, message, jobId: this.job.id, passageId: this.passage.id });
  }
}
