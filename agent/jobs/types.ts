import type { Job } from "../../db/jobs.ts";
import type { LearnerContext } from "../context.ts";

/**
 * Does one job. What it stores and `finishJob` belong in one transaction, so that a job whose
 * process dies is either done or not begun; a job that is still running when the handler returns is
 * finished then. Whatever it throws is recorded as the job's failure, with its message.
 */
export type JobHandler = (context: LearnerContext, job: Job) => Promise<unknown>;

export interface JobHandlers {
  read: JobHandler;
  learn: JobHandler;
  /** Every report probe, because somebody asked for it. */
  measure: JobHandler;
  /** One adapter, fitted anew from the untouched base. */
  refit: JobHandler;
  /** A task that is learned from a handful of examples. */
  skill: JobHandler;
  /** A round of the outer loop. */
  round: JobHandler;
}
