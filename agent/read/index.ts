import { isAbsolute } from "node:path";
import { addEvent } from "../../db/events.ts";
import { finishJob, type Job } from "../../db/jobs.ts";
import { transaction } from "../../db/open.ts";
import type { ReadResult } from "../../db/schema.ts";
import { handSource } from "../../db/sources.ts";
import type { LearnerContext } from "../context.ts";
import type { JobHandler } from "../jobs/types.ts";
import { enqueueRead } from "./accept.ts";
import type { Digest, RawDocument } from "./digest.ts";
import { digestAside } from "./digest-aside.ts";
import { fetchDocument, isAddress } from "./fetch.ts";
import { inspectPath, listFolder, readFileBytes } from "./files.ts";
import { readItem } from "./item.ts";
import type { ReadLimits } from "./limits.ts";
import { handedItem, type Origin, type Stored, storeDocument } from "./store.ts";

/**
 * The handler of `read` jobs: reads a file, an upload, an address or an item of a source, stores
 * what is new of it, and queues a `learn` job per passage that is to be learned; of a folder it
 * queues every file.
 */
export function createReader(limits: ReadLimits): JobHandler {
  return async (context, job) => {
    const { source = "", file, title, itemId } = job.payload;
    if (itemId !== undefined) {
      const read = await readItem(context, itemId, limits);
      return read && finish(context, job, read.origin, read.digest);
    }
    if (!file && !isAddress(source) && inspectPath(source, limits) === "folder") {
      return readFolder(context, job, limits);
    }
    const raw = await readRaw(source, file, limits, context.signal);
    const digest = await digestAside({ ...raw, title }, limits, context.signal);
    return finish(context, job, { address: source, byHand: true, upload: !!file }, digest);
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

type HandedIn = { address: string; byHand: true; upload: boolean };

/** Document, passages, their jobs and the end of this one: all or nothing. */
function finish(
  context: LearnerContext,
  job: Job,
  from: Origin | HandedIn,
  digest: Digest,
): ReadResult {
  const { db } = context;
  return transaction(db, () => {
    const origin = "byHand" in from ? handOrigin(context, from, digest) : from;
    const stored = storeDocument(db, origin, digest, job.id);
    const result: ReadResult = {
      message: message(origin, stored),
      documentIds: [stored.document.id],
      passageIds: stored.passages.map((passage) => passage.id),
      added: stored.fresh.length,
    };
    addEvent(db, { level: "info", kind: "document.read", message: result.message, jobId: job.id });
    finishJob(db, job, result);
    return result;
  });
}

/** Files and pages are known again by where they are; two uploads of one name are two things. */
function handOrigin({ db }: LearnerContext, from: HandedIn, digest: Digest): Origin {
  const source = handSource(db);
  const { address, upload } = from;
  const lasting = !upload && (isAddress(address) || isAbsolute(address));
  const item = lasting ? handedItem(db, source, address, digest.title) : undefined;
  return { source, address, ...(item && { item }) };
}

function message({ address, note }: Origin, stored: Stored): string {
  const { document, passages, fresh, again, replaced } = stored;
  const retry =
    again > 0 ? `; ${count(again, "passage")} that failed before will be tried again` : "";
  const partly = note ? ` ${note}` : "";
  if (!stored.added) {
    return `${address} brought nothing new: its text is here already, as document ${document.id}${retry}.${partly}`;
  }
  const instead = replaced === undefined ? "" : `; it takes the place of document ${replaced}`;
  if (fresh.length === 0) {
    return `${address} brought nothing new: all its passages are here already${instead}${retry}.${partly}`;
  }
  const known = passages.length - fresh.length;
  const rest = known > 0 ? `, ${known} known from before` : "";
  const wait =
    document.consent === "ask"
      ? "; whether it is learned is yours to say"
      : document.consent === "yes"
        ? ""
        : "; it is not to be learned";
  return `${address} brought ${count(fresh.length, "new passage")}${rest}${instead}${wait}${retry}.${partly}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
