import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { isSound, sync } from "../../agent/adapter-file.ts";
import { inWords } from "../../trainer/devices/memory.ts";
import { CommandError } from "../frame.ts";
import { copyDatabase, entryOf, type Original } from "./copy.ts";
import { checkContent, DATABASE, MANIFEST, type Manifest, readManifest } from "./manifest.ts";

/** Adapters of all backups lie in one folder: they are called by their content, and never change. */
const ADAPTERS = "adapters";
/** `2026-11-21T03-10-00Z`; one that was made before a migration says so. */
const NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-before-update)?$/;

/** A backup that was just made. */
export interface Made {
  name: string;
  manifest: Manifest;
}

/** How many backups stay: the latest of so many days, weeks and months that have one. */
export interface Kept {
  days: number;
  weeks: number;
  months: number;
}
/** Of those that were made before the database was changed to another form. */
const KEPT_BEFORE_UPDATE = 3;

/** One backup, as its name tells. */
export interface BackupName {
  name: string;
  at: Date;
  beforeUpdate: boolean;
}

/**
 * Makes a backup of an instance that may go on meanwhile: a folder with the database as it is at one
 * moment, what waits to be read, and a manifest as an export has; adapters that an earlier backup has are
 * not copied again. Everything is on the disk when this returns, and was read back and checked.
 * @param folder where backups are
 * @throws CommandError where what was written is not sound; a system error where the disk is full
 */
export async function makeBackup(
  original: Original,
  folder: string,
  options: { beforeUpdate?: boolean; now?: Date } = {},
): Promise<Made> {
  const { beforeUpdate = false, now = new Date() } = options;
  const pool = join(folder, ADAPTERS);
  // The keys of webhooks are in it.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(pool, { recursive: true });
  sweep(folder);
  checkRoom(original, folder);
  const part = mkdtempSync(join(folder, PART));
  try {
    const { about, adapters, waiting } = await copyDatabase(original, part);
    const files = [await entryOf(DATABASE, join(part, DATABASE))];
    const missing: string[] = [];
    for (const { file, sha256 } of adapters) {
      const kept = join(pool, file);
      if (await keepCopy(join(original.home.adapters, file), kept, sha256)) {
        files.push(await entryOf(`${ADAPTERS}/${file}`, kept));
      } else missing.push(file);
    }
    mkdirSync(join(part, "inbox"));
    for (const file of waiting) {
      const path = join(part, "inbox", file);
      try {
        cpSync(join(original.home.inbox, file), path);
        files.push(await entryOf(`inbox/${file}`, path));
      } catch {
        // What was read meanwhile is gone from the inbox.
      }
    }
    const manifest: Manifest = { ...about, missing, files };
    await Bun.write(join(part, MANIFEST), JSON.stringify(manifest, null, 2));
    for (const { name } of files) sync(placeIn(folder, part)(name));
    sync(join(part, MANIFEST));
    await checkContent("The new backup", manifest, placeIn(folder, part));
    const name = freeName(folder, now, beforeUpdate);
    renameSync(part, join(folder, name));
    sync(folder);
    return { name, manifest };
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Checks a backup whole: every byte of it, its database, and every adapter of the lineage.
 * @throws CommandError `damaged`, or `no-backup`
 */
export async function verifyBackup(folder: string, name: string): Promise<Manifest> {
  const own = join(folder, name);
  if (!NAME.test(name) || !existsSync(own)) {
    throw new CommandError("no-backup", `There is no backup ${name} in ${folder}.`);
  }
  const what = `The backup ${name}`;
  const manifest = readManifest(what, own);
  await checkContent(what, manifest, placeIn(folder, own));
  return manifest;
}

/** The backups that there are, the latest first; nothing is said of whether they are sound. */
export function listBackups(folder: string): BackupName[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .reverse()
    .map((name) => {
      const [day = "", time = ""] = name.slice(0, 19).split("T");
      const at = new Date(`${day}T${time.replaceAll("-", ":")}Z`);
      return { name, at, beforeUpdate: name.length > 20 };
    });
}

/**
 * Removes backups that are not to be kept, and adapters that none of the others has.
 * @returns the names of those that were removed
 */
export function forgetBackups(folder: string, kept: Kept): string[] {
  const all = listBackups(folder);
  const stay = new Set(toKeep(all, kept));
  const gone = all.filter(({ name }) => !stay.has(name)).map(({ name }) => name);
  for (const name of gone) rmSync(join(folder, name), { recursive: true, force: true });
  const rest = listBackups(folder);
  const needed = new Set<string>();
  for (const { name } of rest) {
    try {
      for (const file of readManifest(name, join(folder, name)).files) needed.add(file.name);
    } catch {
      // Nobody knows what a damaged one needs.
      return gone;
    }
  }
  for (const file of readdirSync(join(folder, ADAPTERS))) {
    if (!needed.has(`${ADAPTERS}/${file}`)) rmSync(join(folder, ADAPTERS, file), { force: true });
  }
  return gone;
}

/** The latest of each day, week and month, so many of each, and those before the latest updates. */
export function toKeep(backups: BackupName[], kept: Kept): string[] {
  const usual = backups.filter(({ beforeUpdate }) => !beforeUpdate);
  const latest = (periodOf: (at: Date) => string | number, most: number) =>
    [...Map.groupBy(usual, ({ at }) => periodOf(at)).values()].slice(0, most).map(([it]) => it!);
  const day = (at: Date) => Math.floor(at.getTime() / DAY_MS);
  return [
    ...latest(day, kept.days),
    // The first of January 1970 was a Thursday; weeks begin on Monday.
    ...latest((at) => Math.floor((day(at) + 3) / 7), kept.weeks),
    ...latest((at) => at.toISOString().slice(0, 7), kept.months),
    ...backups.filter(({ beforeUpdate }) => beforeUpdate).slice(0, KEPT_BEFORE_UPDATE),
  ].map(({ name }) => name);
}

const DAY_MS = 24 * 3_600_000;
const PART = ".part-";
/** Room on the disk that a backup leaves, in bytes. */
const SPARE = 200e6;

/** Where a file of a backup is. */
export function placeIn(folder: string, own: string): (name: string) => string {
  return (name) => join(name.startsWith(`${ADAPTERS}/`) ? folder : own, name);
}

/** Copies an adapter unless a sound copy is there. Returns false where there is nothing sound to copy. */
async function keepCopy(from: string, to: string, sha256: string): Promise<boolean> {
  if (await isSound(to, sha256)) return true;
  if (!existsSync(from)) return false;
  const part = `${to}.part`;
  // Shares the blocks where the file system can.
  await copyFile(from, part, constants.COPYFILE_FICLONE);
  if (!(await isSound(part, sha256))) {
    rmSync(part);
    return false;
  }
  sync(part);
  renameSync(part, to);
  return true;
}

/** What a backup that was interrupted left. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(PART)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** A backup that fills the disk would stop what it is made for. @throws CommandError `no-room` */
function checkRoom({ home }: Original, folder: string): void {
  const there = new Set(readdirSync(join(folder, ADAPTERS)));
  const more = readdirSync(home.adapters).filter(
    (file) => file.endsWith(".gguf") && !there.has(file),
  );
  const paths = [home.database, ...more.map((file) => join(home.adapters, file))];
  const needed = paths.reduce((sum, path) => sum + statSync(path).size, SPARE);
  const { bavail, bsize } = statfsSync(folder);
  const free = Number(bavail) * Number(bsize);
  if (needed <= free) return;
  throw new CommandError(
    "no-room",
    `A backup needs ${inWords(needed)} and ${folder} has ${inWords(free)}: free some, or set SELKIE_BACKUPS to a folder on another disk.`,
  );
}

function freeName(folder: string, now: Date, beforeUpdate: boolean): string {
  for (let at = now.getTime(); ; at += 1000) {
    const stamp = new Date(at).toISOString().slice(0, 19).replaceAll(":", "-");
    const name = `${stamp}Z${beforeUpdate ? "-before-update" : ""}`;
    if (!existsSync(join(folder, name))) return name;
  }
}
