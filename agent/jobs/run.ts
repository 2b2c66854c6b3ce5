import { getLogger } from "@logtape/logtape";
import { addEvent } from "../../db/events.ts";
import { failJob, finishJob, type Job, releaseJob, retryJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { decidePassage, getPassage } from "../../db/passages.ts";
import { changeRefit, getRefit } from "../../db/refits.ts";
import { changeRound, findOpenRound } from "../../db/rounds.ts";
import { getSkill } from "../../db/skills.ts";
import { changeUpdate, findOpenUpdate } from "../../db/updates.ts";
import type { LearnerContext } from "../context.ts";
import { clearInbox } from "../read/inbox.ts";
import { refitName } from "../refit/request.ts";
import { failSkill } from "../skills/request.ts";
import { classify, errorMessage, type Trouble } from "./trouble.ts";
import type { JobHandlers } from "./types.ts";

/** How often a job may bring a model's process down before it fails. */
const MAX_CRASHES = 3;
/**
 * How often a job may be begun without coming to an end: then it is probably what brings the whole
 * program down. High, because power cuts and impatient people are no fault of the job.
 */
const MAX_ATTEMPTS = 25;
/** The first wait after a crash, in milliseconds; each further one is four times as long. */
const CRASH_WAIT_MS = 1000;

const logger = getLogger(["selkie", "loop"]);

/** How a job ended; `disk` and `model` mean that it waits, and others with it. */
export type Outcome =
  | { end: "done" | "failed" | "retry" | "stopped" | "yield" | "lost" }
  | { end: "disk" | "model"; message: string };

/**
 * Runs a claimed job and records how it ended.
 * @throws only when the end cannot be recorded
 */
export async function runJob(
  context: LearnerContext,
  handlers: JobHandlers,
  job: Job,
): Promise<Outcome> {
  const { db, signal } = context;
  try {
    if (job.attempts > MAX_ATTEMPTS) {
      throw new Error(
        `${describe(db, job)} was begun ${MAX_ATTEMPTS} times, and Selkie never came to its end: it is left out.`,
      );
    }
    await handlers[job.kind](context, job);
    finishJob(db, job);
    clearInbox(db, job);
    return { end: "done" };
  } catch (error) {
    if (signal.aborted) return stopped(db, job);
    return settle(db, job, error, classify(error));
  }
}

function settle(db: Database, job: Job, error: unknown, trouble: Trouble): Outcome {
  const message = errorMessage(error);
  switch (trouble) {
    case "lost":
      return { end: "lost" };
    case "yield":
      releaseJob(db, job);
      return { end: "yield" };
    case "disk":
    case "model":
      // With a full disk this fails, too; the job is then taken up as an orphan.
      releaseJob(db, job);
      return { end: trouble, message };
    case "crash":
      if (job.crashes + 1 < MAX_CRASHES) return retry(db, job, message);
      return fail(
        db,
        job,
        `${message} It happened ${MAX_CRASHES} times with ${describe(db, job)}.`,
      );
    case "job":
      logger.debug("Job {id} failed: {error}", { id: job.id, error });
      return fail(db, job, message);
  }
}

function stopped(db: Database, job: Job): Outcome {
  try {
    releaseJob(db, job);
    return { end: "stopped" };
  } catch (error) {
    if (classify(error) === "lost") return { end: "lost" };
    throw error;
  }
}

function retry(db: Database, job: Job, message: string): Outcome {
  const wait = CRASH_WAIT_MS * 4 ** job.crashes;
  return transaction(db, () => {
    retryJob(db, job, message, Date.now() + wait);
    addEvent(db, {
      level: "warning",
      kind: "job.retry",
      message: `${message} ${describe(db, job)} is tried again in ${wait / 1000} s.`,
      jobId: job.id,
      passageId: job.payload.passageId,
    });
    return { end: "retry" };
  });
}

function fail(db: Database, job: Job, message: string): Outcome {
  transaction(db, () => {
    failJob(db, job, message);
    const { passageId } = job.payload;
    if (passageId !== undefined && getPassage(db, passageId)?.decision === "new") {
      decidePassage(db, passageId, "failed", message);
      const update = findOpenUpdate(db, passageId);
      const failed = { verdict: "failed", reason: message, finishedAt: Date.now() } as const;
      if (update) changeUpdate(db, update.id, failed);
    }
    if (job.kind === "round") failRound(db, message);
    if (job.kind === "skill") failSkill(db, job.payload.skillId, message);
    if (job.kind === "refit") failRefit(db, job.payload.refitId, message);
    addEvent(db, { level: "error", kind: "job.failed", message, jobId: job.id, passageId });
  });
  clearInbox(db, job);
  return { end: "failed" };
}

/** The passages of a failed round count as used: the next one waits for others. */
function failRound(db: Database, reason: string): void {
  const round = findOpenRound(db);
  if (!round) return;
  changeRound(db, round.id, { stage: "done", verdict: "failed", reason, finishedAt: Date.now() });
}

/** What it was to take the place of goes on answering. */
function failRefit(db: Database, id: number | undefined, reason: string): void {
  if (id === undefined || getRefit(db, id)?.finishedAt !== null) return;
  changeRefit(db, id, { stage: "done", verdict: "failed", reason, finishedAt: Date.now() });
}

/** The job as people know it: the passage's title, or what was to be read. */
export function describe(db: Database, job: Job): string {
  const { source, passageId, refitId, skillId } = job.payload;
  if (job.kind === "round") return "The writer's round";
  if (job.kind === "measure") return "Asking every question";
  const skill = skillId === undefined ? undefined : getSkill(db, skillId);
  if (skill) return `Skill “${skill.name}”`;
  const refit = refitId === undefined ? undefined : getRefit(db, refitId);
  if (refit) return refitName(refit);
  if (passageId === undefined) return source ?? `Job ${job.id}`;
  const title = getPassage(db, passageId)?.title;
  return title ? `Passage ${passageId}, “${title}”,` : `Passage ${passageId}`;
}
