import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { create, extract, type ReadEntry } from "tar";
import * as v from "valibot";
import { baseFingerprint } from "../agent/model.ts";
import { fileHash } from "../agent/read/hash.ts";
import { closeDatabase, openDatabase } from "../db/open.ts";
import { policyFiles } from "../db/policies.ts";
import { currentVersion, listVersions } from "../db/versions.ts";
import { version } from "../package.json";
import { CommandError } from "./frame.ts";
import type { Instance } from "./instance.ts";

/** The file of an archive that says what is in it; it comes first. */
const MANIFEST = "manifest.json";
const FORMAT = 1;
/** Everything that an archive may hold. */
const NAMES = /^(?:manifest\.json|selkie\.db|adapters\/[\w.-]+\.gguf|inbox\/[\w.-]+)$/;

/** Other programs that write a tar tell of folders, too. */
const FOLDERS = /^(?:adapters|inbox)\/?$/;

const Manifest = v.object({
  format: v.literal(FORMAT),
  selkie: v.string(),
  createdAt: v.string(),
  model: v.object({ name: v.string(), embedded: v.boolean(), fingerprint: v.string() }),
  version: v.pipe(v.number(), v.description("The version that answers; 0 is the base.")),
  /** Adapters that the database names and that were not there. */
  missing: v.array(v.string()),
  files: v.array(
    v.object({
      name: v.pipe(v.string(), v.regex(NAMES)),
      bytes: v.number(),
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
});
export type Manifest = v.InferOutput<typeof Manifest>;

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
    await db.$client.backup(join(content, "selkie.db"));
    // Of the copy, not of the instance, which goes on.
    const { adapters, ...about } = lookInto(join(content, "selkie.db"));
    for (const [name, path] of [
      ["adapters", home.adapters],
      ["inbox", home.inbox],
    ] as const) {
      symlinkSync(path, join(content, name));
    }
    const present = adapters.filter((file) => existsSync(join(home.adapters, file)));
    const waiting = readdirSync(home.inbox).filter((name) => !name.endsWith(".tmp"));
    const names = [
      "selkie.db",
      ...present.map((file) => `adapters/${file}`),
      ...waiting.map((file) => `inbox/${file}`),
    ];
    const files: Manifest["files"] = [];
    for (const name of names) {
      onFile(name);
      const path = join(content, name);
      // What was read meanwhile is gone from the inbox.
      if (!existsSync(path)) continue;
      files.push({ name, bytes: statSync(path).size, sha256: await fileHash(path) });
    }
    const manifest: Manifest = {
      format: FORMAT,
      selkie: version,
      createdAt: new Date().toISOString(),
      model: {
        name: config.model.name,
        embedded: config.model.embedded,
        fingerprint: baseFingerprint(db),
      },
      ...about,
      missing: adapters.filter((file) => !present.includes(file)),
      files,
    };
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
 * place: the names, the sizes and hashes, and the database.
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
    await unpack(file, staging);
    const manifest = readManifest(file, join(staging, MANIFEST));
    await checkFiles(file, staging, manifest);
    closeDatabase(openDatabase(join(staging, "selkie.db")));
    rmSync(join(staging, MANIFEST));
    if (existsSync(root)) rmSync(root, { recursive: true });
    renameSync(staging, root);
    return manifest;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
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

function readManifest(file: string, path: string): Manifest {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw damaged(file, `it has no ${MANIFEST}`);
  }
  const read = v.safeParse(Manifest, data);
  if (read.success) return read.output;
  throw new CommandError(
    "unknown-format",
    `${file} was written by another Selkie, or is damaged: update this one, or export it again.`,
  );
}

/** Neither more nor less than the manifest says, and to the byte. */
async function checkFiles(file: string, staging: string, { files }: Manifest): Promise<void> {
  const there = readdirSync(staging, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(staging.length + 1))
    .filter((name) => name !== MANIFEST);
  const stray = there.find((name) => !files.some((it) => it.name === name));
  if (stray) throw damaged(file, `its manifest does not tell of ${stray}`);
  if (!files.some(({ name }) => name === "selkie.db")) throw damaged(file, "it has no database");
  for (const { name, bytes, sha256 } of files) {
    const path = join(staging, name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size !== bytes) throw damaged(file, `${name} is ${size === undefined ? "missing" : "cut"}`);
    if ((await fileHash(path)) !== sha256) throw damaged(file, `${name} is not what it was`);
  }
}

/** What a copy of a database names. */
function lookInto(path: string): { adapters: string[]; version: number } {
  const db = openDatabase(path);
  try {
    // One file: nothing may be left beside it.
    db.$client.pragma("journal_mode = DELETE");
    const kept = listVersions(db).filter(({ prunedAt }) => prunedAt === null);
    const adapters = [...new Set([...kept.map(({ file }) => file), ...policyFiles(db)])];
    return { adapters: adapters.map((it) => basename(it)), version: currentVersion(db)?.id ?? 0 };
  } finally {
    closeDatabase(db);
  }
}

function taken(out: string): CommandError {
  return new CommandError("taken", `${out} is there already: choose another name.`);
}

function damaged(file: string, why: string): CommandError {
  return new CommandError("damaged", `${file} is damaged, or no export of Selkie: ${why}.`);
}
