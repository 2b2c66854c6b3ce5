import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { sync } from "../../agent/adapter-file.ts";
import { openHome } from "../../agent/home.ts";
import { addEvent } from "../../db/events.ts";
import { closeDatabase, openDatabase } from "../../db/open.ts";
import { CommandError } from "../frame.ts";
import { listBackups, placeIn, verifyBackup } from "./backup.ts";
import { forgetSessions } from "./copy.ts";
import { checkContent, DATABASE, type Manifest } from "./manifest.ts";
import { REPLACED, RESTORING } from "./restoring.ts";
import { noteBackup } from "./schedule.ts";
import { unpackChecked } from "./tar.ts";

/** What a restore puts in place. */
const PARTS = [DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`, "adapters", "inbox"];
const STAGING = ".restoring";

export interface Restored {
  manifest: Manifest;
  /** The backup's name, or the export's file. */
  from: string;
  /** Folder that has what was there before; none where nothing was. */
  replaced: string | null;
}

/**
 * Puts an instance back as it was: of a backup, or of a file that `selkie export` wrote. All of it is
 * copied and checked before anything is replaced; what was there is put back where anything fails, and
 * kept in a folder of its own where nothing does.
 * @param wish.which a backup's name or a file; the latest sound backup unless given
 * @param wish.force also where it cannot be known whether Selkie runs, since the database is damaged
 * @throws CommandError `running`, `no-backup`, `damaged`
 */
export async function restoreInstance(
  root: string,
  folder: string,
  wish: { which?: string; force?: boolean } = {},
): Promise<Restored> {
  mkdirSync(root, { recursive: true });
  checkStopped(join(root, DATABASE), wish.force === true);
  putBack(root);
  const staging = join(root, STAGING);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging);
  try {
    const { manifest, from } = await fetchInto(staging, folder, wish.which);
    forgetSessions(join(staging, DATABASE));
    for (const { name } of manifest.files) sync(join(staging, name));
    const replaced = exchange(root, staging, { from, at: Date.parse(manifest.createdAt) });
    return { manifest, from, replaced };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Copies what is restored, and checks the copy. */
async function fetchInto(
  staging: string,
  folder: string,
  which: string | undefined,
): Promise<Pick<Restored, "manifest" | "from">> {
  if (which && existsSync(which) && !listBackups(folder).some(({ name }) => name === which)) {
    return { manifest: await unpackChecked(which, staging), from: which };
  }
  const from = which ?? (await latestSound(folder));
  const manifest = await verifyBackup(folder, from);
  const placeOf = placeIn(folder, join(folder, from));
  for (const { name } of manifest.files) {
    const path = join(staging, name);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(placeOf(name), path, constants.COPYFILE_FICLONE);
  }
  await checkContent(`The copy of the backup ${from}`, manifest, (name) => join(staging, name));
  return { manifest, from };
}

async function latestSound(folder: string): Promise<string> {
  for (const { name } of listBackups(folder)) {
    try {
      await verifyBackup(folder, name);
      return name;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  throw new CommandError("no-backup", `There is no sound backup in ${folder}: name another one.`);
}

/** Puts the staged instance in the place of what is there; all of it, or nothing. */
function exchange(
  root: string,
  staging: string,
  { from, at }: { from: string; at: number },
): string | null {
  const there = PARTS.filter((name) => existsSync(join(root, name)));
  const replaced = join(root, REPLACED + new Date().toISOString().replaceAll(":", "-"));
  mkdirSync(replaced, { mode: 0o700 });
  writeFileSync(join(root, RESTORING), JSON.stringify({ replaced, there, from }), { flush: true });
  try {
    for (const name of there) renameSync(join(root, name), join(replaced, name));
    for (const name of readdirSync(staging)) {
      if (PARTS.includes(name)) renameSync(join(staging, name), join(root, name));
    }
    // Laid out, brought up to date and written to: as a start would.
    const db = openDatabase(openHome(root).database);
    const message = `The instance was put back as it was in ${from}.`;
    addEvent(db, { level: "warning", kind: "backup.restored", message });
    // It does not know yet of the backup that it is.
    noteBackup(db, at);
    closeDatabase(db);
  } catch (error) {
    putBack(root);
    throw error;
  }
  sync(root);
  rmSync(join(root, RESTORING));
  if (there.length > 0) return replaced;
  rmSync(replaced, { recursive: true });
  return null;
}

/** Undoes a restore that did not come to its end, if there is one: also one that was killed. */
function putBack(root: string): void {
  const marker = join(root, RESTORING);
  if (!existsSync(marker)) return;
  const { replaced, there } = JSON.parse(readFileSync(marker, "utf8")) as {
    replaced: string;
    there: string[];
  };
  // Only once all of it was moved away did anything come in its place.
  if (there.every((name) => existsSync(join(replaced, name)))) {
    for (const name of PARTS) rmSync(join(root, name), { recursive: true, force: true });
  }
  for (const name of there) {
    if (existsSync(join(replaced, name))) renameSync(join(replaced, name), join(root, name));
  }
  rmSync(replaced, { recursive: true, force: true });
  rmSync(marker);
}

/**
 * Any process that has the database open holds a lock on it, however idle it is.
 * @throws CommandError `running`
 */
function checkStopped(path: string, force: boolean): void {
  if (!existsSync(path) || force) return;
  let client: Sqlite.Database | undefined;
  try {
    client = new Sqlite(path, { timeout: 0 });
    client.pragma("locking_mode = EXCLUSIVE");
    client.exec("BEGIN EXCLUSIVE; ROLLBACK");
  } catch (error) {
    const code = String((error as { code?: string }).code);
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) {
      throw new CommandError(
        "running",
        `A process of Selkie works on ${path}: stop it first, then restore.`,
      );
    }
    throw new CommandError(
      "running",
      `${path} cannot be opened (${code}), so nobody knows whether Selkie runs on it: make sure that it does not, and add --force.`,
    );
  } finally {
    client?.close();
  }
}
