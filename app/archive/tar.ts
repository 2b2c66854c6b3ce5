import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { create, extract, type ReadEntry } from "tar";
import { CommandError } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { copyDatabase, entryOf, forgetSessions } from "./copy.ts";
import {
  checkContent,
  checkNothingElse,
  DATABASE,
  damaged,
  MANIFEST,
  type Manifest,
  NAMES,
  readManifest,
} from "./manifest.ts";

/** Other programs that write a tar tell of folders, too. */
const FOLDERS = /^(?:adapters|inbox)\/?$/;

/**
 * Writes a whole instance into one file, a tar: the database as it is at one moment, the adapters, and what
 * waits to be read. The loop may go on meanwhile. The base model is not in it.
 * @param onFile told of each file
 * @throws CommandError where the file is there already
 */
export async function exportInstance(
  { db, home, config }: Instance,
  out: string,
  onFile: (name: string) => void = () => {},
): Promise<Manifest & { bytes: number }> {
  if (existsSync(out)) throw taken(out);
  const folder = dirname(resolve(out));
  mkdirSync(folder, { recursive: true });
  // Beside the archive: it has room for it.
  const staging = mkdtempSync(join(folder, ".selkie-export-"));
  const part = join(staging, "archive.tar");
  try {
    const content = join(staging, "content");
    mkdirSync(content);
    const original = { client: db.$client, home, model: config.model };
    const { about, adapters, waiting } = await copyDatabase(original, content);
    symlinkSync(home.adapters, join(content, "adapters"));
    symlinkSync(home.inbox, join(content, "inbox"));
    const there = ({ file }: { file: string }) => existsSync(join(home.adapters, file));
    const names = [
      DATABASE,
      ...adapters.filter(there).map(({ file }) => `adapters/${file}`),
      ...waiting.map((file) => `inbox/${file}`),
    ];
    const files: Manifest["files"] = [];
    for (const name of names) {
      onFile(name);
      const path = join(content, name);
      // What was read meanwhile is gone from the inbox.
      if (existsSync(path)) files.push(await entryOf(name, path));
    }
    const missing = adapters.filter((it) => !there(it)).map(({ file }) => file);
    const manifest: Manifest = { ...about, missing, files };
    writeFileSync(join(content, MANIFEST), JSON.stringify(manifest, null, 2));
    const list = [MANIFEST, ...files.map(({ name }) => name)];
    await create(
      { file: part, cwd: content, follow: true, portable: true, noDirRecurse: true },
      list,
    );
    if (existsSync(out)) throw taken(out);
    renameSync(part, out);
    return { ...manifest, bytes: statSync(out).size };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Makes an instance of a file that {@link exportInstance} wrote. Everything is checked before any of it is in
 * place, see {@link unpackChecked}.
 * @param root where the instance is to be: a folder that is not there, or empty
 * @throws CommandError
 */
export async function importInstance(file: string, root: string): Promise<Manifest> {
  if (!existsSync(file)) throw new CommandError("no-file", `There is no file ${file}.`);
  if (existsSync(root) && readdirSync(root).length > 0) {
    throw new CommandError(
      "taken",
      `${root} is not empty: set SELKIE_HOME to another folder for what is imported.`,
    );
  }
  mkdirSync(dirname(resolve(root)), { recursive: true });
  const staging = mkdtempSync(`${resolve(root)}.importing-`);
  try {
    const manifest = await unpackChecked(file, staging);
    forgetSessions(join(staging, DATABASE));
    rmSync(join(staging, MANIFEST));
    if (existsSync(root)) rmSync(root, { recursive: true });
    renameSync(staging, root);
    return manifest;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Unpacks an export into a folder, and checks all of it: the names, the sizes and hashes, and the database.
 * @throws CommandError
 */
export async function unpackChecked(file: string, folder: string): Promise<Manifest> {
  await unpack(file, folder);
  const manifest = readManifest(file, folder);
  checkNothingElse(file, folder, manifest);
  await checkContent(file, manifest, (name) => join(folder, name));
  return manifest;
}

async function unpack(file: string, staging: string): Promise<void> {
  const strange: string[] = [];
  const isKnown = (path: string, entry: ReadEntry) => {
    const known =
      entry.type === "Directory" ? FOLDERS.test(path) : entry.type === "File" && NAMES.test(path);
    if (!known) strange.push(path);
    return known;
  };
  try {
    await extract({
      file,
      cwd: staging,
      strict: true,
      filter: (path, entry) => isKnown(path, entry as ReadEntry),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(file, reason);
  }
  if (strange.length > 0) throw damaged(file, `${strange[0]} does not belong into it`);
}

function taken(out: string): CommandError {
  return new CommandError("taken", `${out} is there already: choose another name.`);
}
