import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { filesToRead, findJobByKey, type Job } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import type { Home } from "../home.ts";
import { type Accepted, enqueueRead } from "./accept.ts";
import { ReadError } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { type ReadLimits, tooLarge } from "./limits.ts";

/**
 * Takes in uploaded bytes. When this returns they are on the disk, under their hash, and their job
 * is recorded: that is what may be acknowledged.
 * @param upload.name the file's name, as the person who sent it knows it
 * @throws ReadError `empty` or `too-large`; DatabaseError or a system error when the disk is full
 */
export function acceptUpload(
  db: Database,
  home: Home,
  upload: { name: string; bytes: Uint8Array; title?: string },
  limits: ReadLimits,
): Accepted {
  const { name, bytes, title } = upload;
  if (bytes.length === 0) {
    throw new ReadError("empty", name, `${name} is empty: there is nothing in it to learn.`);
  }
  if (bytes.length > limits.maxBytes) throw tooLarge(name, bytes.length, limits);
  const file = join(home.inbox, sha256(bytes));
  // Under the database's write lock, so that the file cannot be cleared away in between.
  return transaction(db, () => {
    writeDurably(file, bytes);
    return enqueueRead(db, { source: name, file, title });
  });
}

/** Takes in pasted text as {@link acceptUpload} does a file; without a title its first line is one. */
export function acceptText(
  db: Database,
  home: Home,
  paste: { text: string; title?: string; source?: string },
  limits: ReadLimits,
): Accepted {
  const { text, title, source = "pasted text" } = paste;
  return acceptUpload(
    db,
    home,
    { name: source, bytes: new TextEncoder().encode(text), title },
    limits,
  );
}

/** Removes the file of a read job that is finished, unless the same bytes were sent again. */
export function clearInbox(db: Database, job: Job): void {
  const { file } = job.payload;
  if (!file) return;
  transaction(db, () => {
    const latest = findJobByKey(db, job.key);
    if (latest?.state === "queued" || latest?.state === "running") return;
    rmSync(file, { force: true });
  });
}

/**
 * Removes what a process that died left in the inbox: files that no unfinished job is to read.
 * @returns how many
 */
export function sweepInbox(db: Database, home: Home): number {
  return transaction(db, () => {
    const wanted = new Set(filesToRead(db));
    const paths = readdirSync(home.inbox).map((name) => join(home.inbox, name));
    const unwanted = paths.filter((path) => !wanted.has(path));
    for (const path of unwanted) rmSync(path, { force: true });
    return unwanted.length;
  });
}

/** Whole and on the disk, or not at all. */
function writeDurably(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, "w");
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
