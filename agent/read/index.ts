import { addDocument } from "../../db/documents.ts";
import { addEvent } from "../../db/events.ts";
import { enqueueJob, finishJob, type Job } from "../../db/jobs.ts";
import { transaction } from "../../db/open.ts";
import { addPassages, type Passage, reopenPassage } from "../../db/passages.ts";
import type { ReadResult } from "../../db/schema.ts";
import type { LearnerContext } from "../context.ts";
import type { JobHandler } from "../jobs/types.ts";
import { enqueueRead } from "./accept.ts";
import type { Digest, RawDocument } from "./digest.ts";
import { digestAside } from "./digest-aside.ts";
import { fetchDocument, isAddress } from "./fetch.ts";
import { inspectPath, listFolder, readFileBytes } from "./files.ts";
import type { ReadLimits } from "./limits.ts";

/**
 * The handler of `read` jobs: reads a file, an upload or an address, stores what is new of it, and
 * queues a `learn` job per passage; of a folder it queues every file.
 */
export function createReader(limits: ReadLimits): JobHandler {
  return async (context, job) => {
    const { source = "", file, title } = job.payload;
    if (!file && !isAddress(source) && inspectPath(source, limits) === "folder") {
      return readFolder(context, job, limits);
    }
    const raw = await readRaw(source, file, limits, context.signal);
    const digest = await digestAside({ ...raw, title }, limits.parseMs, context.signal);
    return store(context, job, digest);
  };
}

function readRaw(
  source: string,
  file: string | undefined,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<RawDocument> | RawDocument {
  if (!file && isAddress(source)) return fetchDocument(source, limits, signal);
  return readFileBytes(file ?? source, limits, source).then((bytes) => ({
    source,
    bytes,
    name: source,
  }));
}

async function readFolder(
  context: LearnerContext,
  job: Job,
  limits: ReadLimits,
): Promise<ReadResult> {
  const { db } = context;
  const folder = job.payload.source!;
  const { files, skipped } = await listFolder(folder, limits, context.signal);
  const others = skipped > 0 ? `; ${count(skipped, "file")} of other kinds left out` : "";
  const message = `${folder}: ${count(files.length, "file")} to read${others}.`;
  return transaction(db, () => {
    const jobIds = files.map((source) => enqueueRead(db, { source }, job.id).job.id);
    const result: ReadResult = { message, documentIds: [], passageIds: [], added: 0, jobIds };
    addEvent(db, { level: "info", kind: "folder.read", message, jobId: job.id });
    finishJob(db, job, result);
    return result;
  });
}

/** Document, passages, their jobs and the end of this one: all or nothing. */
function store(context: LearnerContext, job: Job, digest: Digest): ReadResult {
  const { db } = context;
  const source = job.payload.source!;
  const { format, title, contentHash } = digest;
  return transaction(db, () => {
    const { document, added: isNew } = addDocument(db, { source, format, title, contentHash });
    const { passages, added } = addPassages(db, document.id, digest.passages);
    let queued = 0;
    for (const passage of passages.filter(isOpen)) {
      const learn = { kind: "learn", payload: { passageId: passage.id } } as const;
      const key = `learn:${passage.id}`;
      if (!enqueueJob(db, { ...learn, key, parentId: job.id }).added) continue;
      if (passage.decision === "failed") reopenPassage(db, passage.id);
      queued += 1;
    }
    const again = queued - added.length;
    const result: ReadResult = {
      message: message(source, document.id, isNew, passages.length, added.length, again),
      documentIds: [document.id],
      passageIds: passages.map((passage) => passage.id),
      added: added.length,
    };
    addEvent(db, { level: "info", kind: "document.read", message: result.message, jobId: job.id });
    finishJob(db, job, result);
    return result;
  });
}

/** Neither learned nor decided against: new, or failed the last time. */
function isOpen(passage: Passage): boolean {
  return passage.decision === "new" || passage.decision === "failed";
}

function message(
  source: string,
  documentId: number,
  isNew: boolean,
  passages: number,
  added: number,
  again: number,
): string {
  const retry =
    again > 0 ? `; ${count(again, "passage")} that failed before will be tried again` : "";
  if (!isNew) {
    return `${source} brought nothing new: its text is here already, as document ${documentId}${retry}.`;
  }
  if (added === 0)
    return `${source} brought nothing new: all its passages are here already${retry}.`;
  const known = passages - added;
  const rest = known > 0 ? `, ${known} known from before` : "";
  return `${source} brought ${count(added, "new passage")}${rest}${retry}.`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
