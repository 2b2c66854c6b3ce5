import { enqueueJob, type Job } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import { isRoundDue } from "./select.ts";
import type { WriterSettings } from "./settings.ts";

/** Two rounds at a time are one. */
const KEY = "round";

/** Queues a round if there is enough for one, and rounds are to begin by themselves. */
export function queueDueRound(db: Database, settings: WriterSettings): void {
  if (settings.rounds && isRoundDue(db, settings)) {
    enqueueJob(db, { kind: "round", payload: {}, key: KEY });
  }
}

/** Queues a round because somebody asks for it: with the passages that there are. */
export function requestRound(db: Database): { job: Job; added: boolean } {
  return enqueueJob(db, { kind: "round", payload: { force: true }, key: KEY });
}
