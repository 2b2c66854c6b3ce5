import { addEvent } from "../../db/events.ts";
import { commitStep, finishJob, type Job } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import { getPassage } from "../../db/passages.ts";
import {
  ALONE,
  changeUpdate,
  findOpenUpdate,
  getUpdate,
  openUpdate,
  type Stage,
  type Update,
} from "../../db/updates.ts";
import type { LearnerContext } from "../context.ts";
import { keepHouse } from "../lineage/keep.ts";
import { queueDueRound } from "../writer/queue.ts";
import { commitStage } from "./commit.ts";
import { decideStage, probeStage } from "./examine.ts";
import { measureStage } from "./measure.ts";
import { PassageGone, Run } from "./run.ts";
import { studyStage } from "./study.ts";
import { releaseMembers, waitForOthers, wakePrepared } from "./together.ts";
import { sweepScratch, trainStage } from "./train.ts";

/** Each does its work, commits it, and names the stage that follows. */
const STAGE_WORK: Record<Exclude<Stage, "done">, (run: Run) => Promise<void>> = {
  probe: probeStage,
  decide: decideStage,
  study: studyStage,
  train: trainStage,
  commit: commitStage,
  measure: measureStage,
};

/**
 * Takes one passage through the loop: probe, decide, study, train, commit, measure. Every stage
 * is committed before the next begins, so a process that died is resumed where it was; a passage
 * that is decided already is left alone, unless it is asked for again. What was earned counts towards the next round of the writer.
 * @throws TrainerError, GeneratorError when a model fails; the abort reason when asked to stop
 */
export async function learnPassage(context: LearnerContext, job: Job): Promise<void> {
  const { passageId, again = false } = job.payload;
  const passage = passageId === undefined ? undefined : getPassage(context.db, passageId);
  if (!passage) throw new Error(`Job ${job.id} names a passage that does not exist.`);
  const undecided = again || passage.decision === "new" || passage.decision === "failed";
  if (!undecided && !findOpenUpdate(context.db, passage.id)) return;
  const run = new Run(context, job, passage, ownUpdate(context.db, passage.id));
  try {
    while (run.update.stage !== "done") {
      context.signal.throwIfAborted();
      waitForOthers(run);
      await STAGE_WORK[run.update.stage](run);
    }
  } catch (error) {
    if (!(error instanceof PassageGone)) throw error;
    abandon(run, error);
  }
  wakePrepared(context.db);
  queueDueRound(context.db, context.settings.writer);
  keepHouse(context);
}

/** One that was to be trained in another update, which came to no end, goes on by itself. */
function ownUpdate(db: Database, passageId: number): Update {
  const update = openUpdate(db, passageId);
  return update.leadId !== null && update.leadId > 0
    ? changeUpdate(db, update.id, { leadId: ALONE })
    : update;
}

/** Ends an update whose passage is gone: its candidates go, and the log says so. */
function abandon(run: Run, { message }: PassageGone): void {
  const { context, db, job, update } = run;
  commitStep(db, job, () => {
    const now = getUpdate(db, update.id);
    // What is a version already stays one: it is only not measured.
    const verdict = now?.versionId ? {} : ({ verdict: "reject", reason: message } as const);
    const end = { stage: "done", finishedAt: Date.now() } as const;
    if (now) changeUpdate(db, update.id, { ...end, ...verdict });
    releaseMembers(db, update.id);
    addEvent(db, { level: "info", kind: "update.abandoned", message, jobId: job.id });
    finishJob(db, job);
  });
  sweepScratch(context.home);
}
