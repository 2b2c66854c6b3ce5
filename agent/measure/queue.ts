import { enqueueJob, type Job } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";

/** Two sweeps at a time are one. */
const KEY = "measure";

/** Queues a measurement of every report probe: exact figures, at a cost that grows with what was read. */
export function requestSweep(db: Database): { job: Job; added: boolean } {
  return enqueueJob(db, { kind: "measure", payload: {}, key: KEY });
}
