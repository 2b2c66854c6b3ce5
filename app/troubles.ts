import { accessSync, constants, readdirSync, statfsSync, statSync } from "node:fs";
import { isDead } from "../agent/jobs/owner.ts";
import { LOOP_LEASE } from "../agent/loop.ts";
import { countDocuments } from "../db/documents.ts";
import { countQueued } from "../db/jobs.ts";
import { leaseHolder } from "../db/leases.ts";
import { listSources } from "../db/sources.ts";
import { listVersions } from "../db/versions.ts";
import { REPLACED } from "./archive/restoring.ts";
import { backupState } from "./archive/schedule.ts";
import { isLoopback } from "./guard.ts";
import type { Instance } from "./instance.ts";
import { hasPassword } from "./sign-in/password.ts";

/** What is not as it should be at this moment, in a sentence that says what to do. */
export interface Trouble {
  /** Whether something does not work for it; else it is worth knowing. */
  bad: boolean;
  message: string;
}

const GB = 1e9;
/** Below this the next adapters and the database may not fit. */
const LITTLE_DISK = 1 * GB;
/** A backup is late when so many times the usual wait has passed. */
const LATE = 2;

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return Number(bavail) * Number(bsize);
}

/** Looks at what commonly goes wrong with an instance, without loading a model or reading all of its data. */
export function findTroubles(
  instance: Pick<Instance, "db" | "home" | "config">,
  now = Date.now(),
): Trouble[] {
  return [
    ...diskTroubles(instance),
    ...learningTroubles(instance, now),
    ...backupTroubles(instance, now),
    ...accessTroubles(instance),
  ];
}

function* diskTroubles({ home }: Pick<Instance, "home">): Generator<Trouble> {
  const free = freeBytes(home.root);
  if (free < LITTLE_DISK) {
    const message = `Only ${(free / GB).toFixed(1)} GB are free in ${home.root}: adapters need room; free some or move SELKIE_HOME.`;
    yield { bad: true, message };
  }
  for (const folder of [home.root, home.adapters, home.scratch, home.inbox]) {
    try {
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch {
      yield {
        bad: true,
        message: `${folder} may not be written by this user: change its owner or permissions.`,
      };
    }
  }
  const aside = readdirSync(home.root).filter((name) => name.startsWith(REPLACED));
  if (aside.length > 0) {
    const message = `A restore kept what it replaced, in ${aside.join(", ")} of ${home.root}: remove it when all is well.`;
    yield { bad: false, message };
  }
}

function* learningTroubles({ db }: Pick<Instance, "db">, now: number): Generator<Trouble> {
  const holder = leaseHolder(db, LOOP_LEASE);
  const alive = holder !== undefined && holder.expiresAt > now && !isDead(holder.owner);
  const waiting = countQueued(db, "learn") + countQueued(db, "read");
  if (alive && holder.problem) yield { bad: true, message: holder.problem };
  if (!alive && waiting > 0) {
    const message = `${waiting} jobs wait and no process works on them: start \`selkie serve\`.`;
    yield { bad: false, message };
  }
  const broken = listVersions(db).filter((it) => it.broken !== null && it.prunedAt === null);
  if (broken.length > 0) {
    const ids = broken.map(({ id }) => id).join(", ");
    const message = `The adapters of versions ${ids} are missing or damaged: put the files back from a backup, or let \`selkie versions\` make them again.`;
    yield { bad: true, message };
  }
  for (const { title, error, failures } of listSources(db)) {
    if (error && failures > 1) yield { bad: false, message: `${title} cannot be read: ${error}` };
  }
}

function* backupTroubles(
  { db, config }: Pick<Instance, "db" | "config">,
  now: number,
): Generator<Trouble> {
  const { folder, everyMs } = config.backups;
  if (folder === undefined) {
    yield { bad: false, message: "No backups are made: SELKIE_BACKUPS is off." };
    return;
  }
  const { last, problem } = backupState(db);
  if (problem) yield { bad: true, message: problem };
  else if (countDocuments(db) > 0 && now - (last ?? 0) > LATE * everyMs) {
    const made =
      last === null
        ? "There is no backup yet"
        : `The last backup is of ${new Date(last).toISOString().slice(0, 10)}`;
    const message = `${made}: \`selkie serve\` makes them while it runs, and \`selkie backup\` at once.`;
    yield { bad: false, message };
  }
}

function* accessTroubles({ db, home, config }: Pick<Instance, "db" | "home" | "config">) {
  const { host, password } = config;
  if (!isLoopback(host) && password === undefined && !hasPassword(db)) {
    const message = `Selkie does not start on ${host}, where others can reach it, without a password: \`selkie password\` sets one.`;
    yield { bad: true, message };
  }
  // Windows has no such permissions.
  if (process.platform !== "win32" && (statSync(home.root).mode & 0o077) !== 0) {
    const message = `Other users of this machine can look into ${home.root}: \`chmod 700 ${home.root}\` keeps it to you.`;
    yield { bad: false, message };
  }
}
