import { addEvent } from "../../db/events.ts";
import { dropJob, enqueueJob, findJobByKey, refitJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import {
  addRefit,
  changeRefit,
  getRefit,
  type NewRefit,
  openRefits,
  type Refit,
  setRefitPassages,
} from "../../db/refits.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";

/** A refit that was asked for, and whether it is a new one. */
export interface Requested {
  refit: Refit;
  jobId: number;
  added: boolean;
}

/** Queues a sleep: one adapter, fitted from the base on everything that is known, takes over. */
export function requestSleep(db: Database): Requested {
  return request(db, { kind: "sleep" }, "refit:sleep");
}

/** Queues a refit on what a version knew, whose adapter is gone; it answers when it is made. */
export function requestRebuild(db: Database, versionId: number): Requested {
  const refit = {
    kind: "rebuild",
    subject: `version ${versionId}`,
    ofVersionId: versionId,
  } as const;
  return request(db, refit, `refit:rebuild:${versionId}`);
}

/** Queues a refit of everything learned on the base model of now. */
export function requestMove(db: Database, subject: string): Requested {
  return request(db, { kind: "move", subject, stage: "examine" }, "refit:move");
}

/** Queues a refit without these passages. */
export function requestWithout(db: Database, subject: string, passageIds: number[], key: string) {
  return transaction(db, () => {
    const asked = request(db, { kind: "unlearn", subject }, `refit:unlearn:${key}`);
    const drop = passageIds.map((passageId) => ({ passageId }));
    if (asked.added) setRefitPassages(db, asked.refit.id, "drop", drop);
    return asked;
  });
}

/**
 * Ends a refit that waits or is under way: nothing of it is kept. One that runs stops at its next step.
 * @returns false where it is over already
 */
export function stopRefit(db: Database, id: number): boolean {
  return transaction(db, () => {
    const refit = getRefit(db, id);
    if (!refit || refit.finishedAt !== null) return false;
    const reason = "It was stopped by hand.";
    // A sleep that was stopped is not due again at once.
    const fromVersionId = refit.fromVersionId ?? currentVersion(db)?.id ?? BASE_VERSION;
    const end = { stage: "done", verdict: "stopped", reason, finishedAt: Date.now() } as const;
    changeRefit(db, id, { ...end, fromVersionId });
    const job = refitJob(db, id);
    if (job) dropJob(db, job.key);
    const message = `${refitName(refit)} was stopped: everything is as it was.`;
    addEvent(db, { level: "info", kind: "refit.stopped", message });
    return true;
  });
}

/** A refit as people know it. */
export function refitName({ kind, subject }: Pick<Refit, "kind" | "subject">): string {
  switch (kind) {
    case "sleep":
      return "Sleep";
    case "unlearn":
      return `Unlearning ${subject}`;
    case "rebuild":
      return `Making ${subject} again`;
    case "move":
      return `Learning everything on ${subject}`;
  }
}

/** Two requests for the same are one. */
function request(db: Database, refit: NewRefit, key: string): Requested {
  return transaction(db, () => {
    const job = findJobByKey(db, key);
    const open = openRefits(db).find(({ id }) => id === job?.payload.refitId);
    const waits = job?.state === "queued" || job?.state === "running";
    if (job && open && waits) return { refit: open, jobId: job.id, added: false };
    const fresh = addRefit(db, refit);
    // One that was stopped may not have noticed yet: what follows it has a key of its own.
    const free = waits ? `${key}:${fresh.id}` : key;
    const queued = enqueueJob(db, { kind: "refit", payload: { refitId: fresh.id }, key: free });
    return { refit: fresh, jobId: queued.job.id, added: true };
  });
}
