import type { Job } from "../../db/jobs.ts";
import { getRefit, type RefitStage } from "../../db/refits.ts";
import type { LearnerContext } from "../context.ts";
import { keepHouse } from "../lineage/keep.ts";
import { gateStage } from "./commit.ts";
import { examineBase } from "./examine.ts";
import { trainStage } from "./train.ts";
import { RefitStopped, RefitWork } from "./work.ts";

/** Each does its work, commits it, and names the stage that follows. */
const STAGE_WORK: Record<Exclude<RefitStage, "done">, (work: RefitWork) => Promise<void>> = {
  examine: examineStage,
  train: trainStage,
  gate: gateStage,
};

/**
 * Fits one adapter from the untouched base on the stored study lines of everything that is to be kept,
 * takes it before the gate, and lets it answer if that lets it pass. What somebody asked for (to unlearn,
 * to make a version again, another base) is done whatever it costs; the figures are told. Each stage is
 * committed before the next begins, and training goes on from its checkpoint, so a process that died is
 * resumed where it was; what is more urgent is done in between.
 * @throws TrainerError, GeneratorError when a model fails; the abort reason when asked to stop
 */
export async function runRefit(context: LearnerContext, job: Job): Promise<void> {
  const { refitId } = job.payload;
  const refit = refitId === undefined ? undefined : getRefit(context.db, refitId);
  if (!refit) throw new Error(`Job ${job.id} names a refit that does not exist.`);
  if (refit.finishedAt !== null) return;
  const work = new RefitWork(context, job, refit);
  try {
    while (work.refit.stage !== "done") await STAGE_WORK[work.refit.stage](work);
  } catch (error) {
    if (!(error instanceof RefitStopped)) throw error;
    work.removeScratch();
  }
  keepHouse(context);
}

/** Stage `examine`, on another base model: what that answers by itself. */
async function examineStage(work: RefitWork): Promise<void> {
  const store = await examineBase(work.context, (asked, of) =>
    work.say(`Asking the base: ${asked} of ${of} questions`),
  );
  work.advance({ stage: "train" }, store);
}
