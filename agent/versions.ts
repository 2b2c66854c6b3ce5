import { statSync } from "node:fs";
import { join } from "node:path";
import { addEvent } from "../db/events.ts";
import { enqueueJob } from "../db/jobs.ts";
import { type Database, transaction } from "../db/open.ts";
import { reopenPassage } from "../db/passages.ts";
import { getUpdate } from "../db/updates.ts";
import { breakVersion, currentVersion, type Version } from "../db/versions.ts";
import { isSound } from "./adapter-file.ts";
import type { Home } from "./home.ts";

/** Files whose content was checked, by path: size and time of change. */
const checked = new Map<string, string>();

/**
 * The version that answers now, after a look at its file: one that is missing, or does not have the
 * content that its hash says, is refused for good. The one before it answers in its place, and what it
 * taught waits to be learned again.
 */
export async function soundVersion(db: Database, home: Home): Promise<Version | undefined> {
  for (;;) {
    const version = currentVersion(db);
    if (!version || (await hasContent(join(home.adapters, version.file), version.sha256))) {
      return version;
    }
    refuse(db, version);
  }
}

/** Hashes a file once, and again when it was changed. */
async function hasContent(path: string, sha256: string): Promise<boolean> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return false;
  const state = `${sha256} ${stat.size} ${stat.mtimeMs}`;
  if (checked.get(path) === state) return true;
  if (!(await isSound(path, sha256))) return false;
  checked.set(path, state);
  return true;
}

function refuse(db: Database, version: Version): void {
  const update = getUpdate(db, version.updateId);
  transaction(db, () => {
    breakVersion(db, version.id, "Its file is missing or damaged.");
    const before = currentVersion(db);
    const name = before ? `version ${before.id}` : "the untouched base";
    const message = `The adapter of version ${version.id} (${version.file}) is missing or damaged, so ${name} answers in its place. What it taught is queued to be learned again; a copy of the file can be put back under its name before that.`;
    const passageId = update?.passageId;
    addEvent(db, { level: "error", kind: "version.broken", message, passageId });
    if (passageId === undefined) return;
    reopenPassage(db, passageId);
    enqueueJob(db, { kind: "learn", payload: { passageId }, key: `learn:${passageId}` });
  });
}
