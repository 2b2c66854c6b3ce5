import { existsSync } from "node:fs";
import { join } from "node:path";
import { listGates } from "../../../db/gates.ts";
import { claimJob, getJob, type JobKind, nextJobTime, requeueOrphans } from "../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { findPassageByHash, type Passage } from "../../../db/passages.ts";
import { addProbes, listProbes } from "../../../db/probes.ts";
import { updatesOfPassage } from "../../../db/updates.ts";
import type { LearnerContext } from "../../context.ts";
import { type Home, openHome } from "../../home.ts";
import { newOwner } from "../../jobs/owner.ts";
import { runJob } from "../../jobs/run.ts";
import { learnPassage } from "../../learn/index.ts";
import { runSweep } from "../../measure/sweep.ts";
import { totalSeconds } from "../../measure/timing.ts";
import { textHash } from "../../read/hash.ts";
import { runRefit } from "../../refit/run.ts";
import type { LearnerSettings } from "../../settings.ts";
import { sleep } from "../../sleep.ts";
import { importRecorded } from "../../teacher/recorded.ts";
import { soundVersion } from "../../versions.ts";
import type { Learned, Lesson, Student, StudentOptions, Voice } from "./student.ts";
import { copyTemplate } from "./template.ts";

/** Reading and rounds of the writer have no place here. */
const KINDS: JobKind[] = ["measure", "refit", "learn"];
/** A verdict of the journal's, where no update came to one. */
const FAILED = "failed";

type Spent = Partial<Record<JobKind, number>>;

/**
 * The learner itself: a data folder of its own, in which passages are learned as any passage is, job by job,
 * with some of the defences left out by its settings. Its exam and its edits are given.
 */
export class LearnerStudent implements Student {
  private readonly home: Home;
  private readonly db: Database;
  private readonly context: LearnerContext;
  private readonly owner = newOwner();

  constructor(
    private readonly options: StudentOptions,
    settings: LearnerSettings,
    template: string,
  ) {
    const { folder, model, generator, trainer, signal } = options;
    if (!existsSync(join(folder, "selkie.db"))) copyTemplate(template, folder);
    this.home = openHome(folder);
    this.db = openDatabase(this.home.database);
    requeueOrphans(this.db);
    this.context = {
      ...{ db: this.db, home: this.home, model, settings, trainer, generator, signal },
      onProgress: () => {},
    };
  }

  knows(steps: number): boolean {
    return this.options.lessons.slice(0, steps).every((lesson) => {
      const passage = this.find(lesson);
      return passage !== undefined && passage.decision !== "new";
    });
  }

  async learn(step: number): Promise<Learned> {
    const passage = this.read(this.options.lessons[step - 1]!);
    const spent = await this.drain();
    const [update] = updatesOfPassage(this.db, passage.id);
    const gate = update && listGates(this.db, update.id).at(-1);
    const timed = totalSeconds(update?.timing ?? {});
    return {
      // A candidate that was scaled down is committed, too.
      verdict: (update?.verdict === "commit" && gate?.verdict) || (update?.verdict ?? FAILED),
      reason: update?.reason ?? "It was not learned.",
      seconds: {
        // What another process did of it is in the update's own account.
        learn: Math.max(timed, spent.learn ?? 0),
        train: update?.timing.train ?? 0,
        sleep: (spent.refit ?? 0) + (spent.measure ?? 0),
      },
    };
  }

  async voice(): Promise<Voice> {
    const version = await soundVersion(this.db, this.home);
    const adapter = version ? join(this.home.adapters, version.file) : null;
    return { trainer: await this.options.trainer(), adapter };
  }

  async close(): Promise<void> {
    closeDatabase(this.db);
  }

  private find({ passage }: Lesson): Passage | undefined {
    return findPassageByHash(this.db, textHash(passage.text));
  }

  /** Brings a passage with its edits and its exam, and queues it; what is there is not brought again. */
  private read(lesson: Lesson): Passage {
    if (!this.find(lesson)) {
      const { title, text: context } = lesson.passage;
      const items = lesson.edits.map(({ kind, lines }) => {
        return { title, context, kind, completions: [lines.join("\n")] };
      });
      importRecorded(this.db, items, "experiment");
    }
    const passage = this.find(lesson)!;
    if (listProbes(this.db, passage.id).length === 0) {
      addProbes(
        this.db,
        lesson.questions.map(({ use, question, prompt, answers, distractors }) => ({
          ...{ passageId: passage.id, kind: "written", split: use, question, prompt, distractors },
          answer: answers[0]!,
        })),
      );
    }
    return passage;
  }

  /** Does what waits: the passage, a sleep where one is due, and what that asks to be measured. */
  private async drain(): Promise<Spent> {
    const { db, context } = this;
    const spent: Spent = {};
    const handlers = {
      learn: learnPassage,
      refit: runRefit,
      measure: runSweep,
      read: nothing,
      skill: nothing,
      round: nothing,
    };
    for (;;) {
      const job = claimJob(db, this.owner, { kinds: KINDS });
      if (!job) return spent;
      const started = performance.now();
      const outcome = await runJob(context, handlers, job);
      spent[job.kind] = (spent[job.kind] ?? 0) + (performance.now() - started) / 1000;
      context.signal.throwIfAborted();
      if (outcome.end === "disk" || outcome.end === "model") throw new Error(outcome.message);
      // Its process died: it is tried again after a while.
      if (outcome.end === "retry") {
        await sleep(Math.max(0, (nextJobTime(db) ?? 0) - Date.now()), context.signal);
      }
      const refused = outcome.end === "failed" && job.kind !== "learn";
      if (refused) throw new Error(getJob(db, job.id)?.error ?? "A job failed.");
    }
  }
}

async function nothing(): Promise<void> {}
