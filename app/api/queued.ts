import * as v from "valibot";
import type { Job } from "../../db/jobs.ts";

/** What stands for a request that is done later. */
export const Queued = v.object({
  job: v.pipe(v.number(), v.description("Its number: see /api/jobs.")),
  added: v.pipe(v.boolean(), v.description("False where the same waited already.")),
});

/** The answer to a request that was put into the journal. */
export function queued({ job, added }: { job: Job; added: boolean }): v.InferInput<typeof Queued> {
  return { job: job.id, added };
}
