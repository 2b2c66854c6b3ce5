import { getLogger } from "@logtape/logtape";
import { isDead, newOwner } from "../../agent/jobs/owner.ts";
import { sleep } from "../../agent/sleep.ts";
import { countDocuments } from "../../db/documents.ts";
import { addEvent } from "../../db/events.ts";
import { releaseLease, takeLease } from "../../db/leases.ts";
import type { Database } from "../../db/open.ts";
import { deleteSetting, getSetting, setSetting } from "../../db/settings.ts";
import { CommandError } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { backUpAside } from "./aside.ts";
import { forgetBackups } from "./backup.ts";
import type { Manifest } from "./manifest.ts";

/** How often it is seen whether a backup is due, and how soon one that failed is tried again; milliseconds. */
const LOOK_MS = 60_000;
const AGAIN_MS = 3_600_000;
/** Two processes at a time would write into one folder. */
const LEASE = "backup";
const LEASE_MS = 6 * 3_600_000;

const LAST = "backup.last";
const PROBLEM = "backup.problem";

const logger = getLogger(["selkie", "backups"]);

/** How the backups stand. */
export interface BackupState {
  /** The last good one, in milliseconds since 1970. */
  last: number | null;
  /** Why the latest attempt failed. */
  problem: string | null;
}

export function backupState(db: Database): BackupState {
  const last = getSetting(db, LAST);
  const problem = getSetting(db, PROBLEM);
  return {
    last: typeof last === "number" ? last : null,
    problem: typeof problem === "string" ? problem : null,
  };
}

/** Records when the last good backup was made. */
export function noteBackup(db: Database, at: number): void {
  setSetting(db, LAST, at);
}

/**
 * Makes a backup, checks it, and removes those that are not to be kept. How it went is recorded.
 * @throws CommandError; a system error where the disk is full
 */
export async function backUp(
  instance: Instance,
): Promise<{ folder: string; name: string; manifest: Manifest; removed: string[] }> {
  const { db, config } = instance;
  const { folder, kept } = config.backups;
  if (folder === undefined) {
    throw new CommandError("off", "SELKIE_BACKUPS is off: set it to a folder, or to nothing.");
  }
  const owner = newOwner();
  if (!takeLease(db, LEASE, owner, LEASE_MS, { dead: isDead })) {
    throw new CommandError("busy", "Another process makes a backup: wait for its end.");
  }
  try {
    const { name, manifest } = await backUpAside(config, folder);
    const removed = forgetBackups(folder, kept);
    noteBackup(db, Date.now());
    if (backupState(db).problem !== null) {
      deleteSetting(db, PROBLEM);
      addEvent(db, { level: "info", kind: "backup.back", message: "Backups are made again." });
    }
    return { folder, name, manifest, removed };
  } catch (error) {
    note(db, error);
    throw error;
  } finally {
    releaseLease(db, LEASE, owner);
  }
}

/** Makes a backup when one is due, until the signal aborts. */
export async function runBackups(instance: Instance, signal: AbortSignal): Promise<void> {
  const { db, config } = instance;
  if (config.backups.folder === undefined) return;
  let notBefore = 0;
  while (!signal.aborted) {
    try {
      const due = (backupState(db).last ?? 0) + config.backups.everyMs;
      if (Date.now() >= Math.max(due, notBefore) && countDocuments(db) > 0) await backUp(instance);
    } catch (error) {
      notBefore = Date.now() + AGAIN_MS;
      logger.debug("No backup was made: {error}", { error });
    }
    await sleep(LOOK_MS, signal);
  }
}

/** Once for each trouble, not once for each attempt. A full disk may keep it from the log. */
function note(db: Database, error: unknown): void {
  if (error instanceof CommandError && error.code === "busy") return;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `No backup could be made: ${reason}`;
  try {
    if (backupState(db).problem === message) return;
    setSetting(db, PROBLEM, message);
    addEvent(db, { level: "error", kind: "backup.failed", message });
  } catch {}
}
