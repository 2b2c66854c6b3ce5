import { isAbsolute, resolve } from "node:path";
import { enqueueJob, type Job } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import type { JobPayload } from "../../db/schema.ts";
import { isAddress, parseAddress } from "./fetch.ts";
import { inspectPath } from "./files.ts";
import type { ReadLimits } from "./limits.ts";

/** What stands for a request to read something. */
export interface Accepted {
  job: Job;
  /** False when the same thing was waiting to be read already. */
  added: boolean;
}

/**
 * Records that a file, a folder or an address is to be read. What can be told at a glance is told
 * now; the rest shows when the job runs.
 * @param source a path (relative ones from the working directory) or an http(s) address
 * @throws ReadError when it is clear that it cannot be read
 */
export function acceptSource(
  db: Database,
  source: string,
  limits: ReadLimits,
  title?: string,
): Accepted {
  if (isAddress(source)) return acceptAddress(db, source, title);
  const path = isAbsolute(source) ? source : resolve(source);
  inspectPath(path, limits);
  return enqueueRead(db, { source: path, title });
}

/** Records that an address is to be read. @throws ReadError `bad-address` */
export function acceptAddress(db: Database, source: string, title?: string): Accepted {
  return enqueueRead(db, { source: parseAddress(source.trim()).href, title });
}

/** Records a read job; it is the same job as long as an equal one has not been finished. */
export function enqueueRead(
  db: Database,
  payload: JobPayload & { source: string },
  parentId?: number,
): Accepted {
  const key = `read:${payload.file ?? payload.source}`;
  return enqueueJob(db, { kind: "read", payload, key, parentId });
}
