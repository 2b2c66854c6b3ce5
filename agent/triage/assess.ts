import { join } from "node:path";
import { type Job, nextJobs } from "../../db/jobs.ts";
import { transaction } from "../../db/open.ts";
import { getPassages } from "../../db/passages.ts";
import { setSurprise } from "../../db/triage.ts";
import { findOpenUpdate } from "../../db/updates.ts";
import type { LearnerContext } from "../context.ts";
import { JobYield } from "../jobs/trouble.ts";
import type { JobHandler } from "../jobs/types.ts";
import { soundVersion } from "../versions.ts";
import { reprioritise } from "./priority.ts";
import { surprises } from "./surprise.ts";

/** So many of those that wait are read by the model at a time: a forward pass over their text, no more. */
const FRONT = 16;

/**
 * Before a passage is learned, has the model read those at the front of the queue that it has not read yet: how
 * much they surprise it is how new they are. Where another one goes first now, the job gives way to it; every
 * time it does, some passage was read that had not been, so nothing goes round in circles.
 */
export function triaged(learn: JobHandler): JobHandler {
  return async (context, job) => {
    if (await isOvertaken(context, job)) throw new JobYield("Another passage goes first.");
    return learn(context, job);
  };
}

async function isOvertaken(context: LearnerContext, job: Job): Promise<boolean> {
  const { db, home, signal } = context;
  const { passageId } = job.payload;
  const others = nextJobs(db, "learn", FRONT).flatMap(({ payload }) => payload.passageId ?? []);
  if (passageId === undefined || others.length === 0 || findOpenUpdate(db, passageId)) return false;
  const front = [passageId, ...others];
  const unread = getPassages(db, front).filter(({ surprise }) => surprise === null);
  if (unread.length === 0) return false;
  context.onProgress({
    jobId: job.id,
    title: "What waits",
    stage: "triage",
    detail: "Reading what waits, to find what is new",
  });
  const version = await soundVersion(db, home);
  const adapter = version ? join(home.adapters, version.file) : null;
  const found = await surprises(await context.trainer(), unread, { adapter, signal });
  return transaction(db, () => {
    for (const [i, { id }] of unread.entries()) setSurprise(db, id, found[i] ?? null);
    const places = reprioritise(db, front);
    const first = nextJobs(db, "learn", 1)[0];
    return first !== undefined && first.priority > (places.get(passageId)?.value ?? 0);
  });
}
