import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import Sqlite from "better-sqlite3";
import * as v from "valibot";
import { fileHash } from "../../agent/read/hash.ts";
import { CommandError } from "../frame.ts";

/** The file that says what else there is. */
export const MANIFEST = "manifest.json";
export const DATABASE = "selkie.db";
export const FORMAT = 1;
/** Everything that may be kept of an instance. */
export const NAMES = /^(?:manifest\.json|selkie\.db|adapters\/[\w.-]+\.gguf|inbox\/[\w.-]+)$/;

const Manifest = v.object({
  format: v.literal(FORMAT),
  selkie: v.string(),
  createdAt: v.string(),
  model: v.object({ name: v.string(), embedded: v.boolean(), fingerprint: v.string() }),
  version: v.pipe(v.number(), v.description("The version that answers; 0 is the base.")),
  /** Adapters that the database names and that were not there, or damaged. */
  missing: v.array(v.string()),
  files: v.array(
    v.object({
      name: v.pipe(v.string(), v.regex(NAMES)),
      bytes: v.number(),
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
});
/** What an export or a backup has, to the byte. */
export type Manifest = v.InferOutput<typeof Manifest>;

/** An adapter that a database names: its file, which is called by its content. */
interface NamedAdapter {
  file: string;
  sha256: string;
}

/** @param what the export or backup, as people know it. @throws CommandError */
export function readManifest(what: string, folder: string): Manifest {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"));
  } catch {
    throw damaged(what, `it has no ${MANIFEST}`);
  }
  const read = v.safeParse(Manifest, data);
  if (read.success) return read.output;
  throw new CommandError(
    "unknown-format",
    `${what} was written by another Selkie, or is damaged: update this one, or export it again.`,
  );
}

/**
 * Checks that every file of a manifest is what it was, to the byte; that the database is sound, and that
 * every adapter of its lineage is among the files, under its hash.
 * @param placeOf where a file is
 * @throws CommandError `damaged`
 */
export async function checkContent(
  what: string,
  manifest: Manifest,
  placeOf: (name: string) => string,
): Promise<void> {
  const { files, missing } = manifest;
  if (!files.some(({ name }) => name === DATABASE)) throw damaged(what, "it has no database");
  for (const { name, bytes, sha256 } of files) {
    const path = placeOf(name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size !== bytes) throw damaged(what, `${name} is ${size === undefined ? "missing" : "cut"}`);
    if ((await fileHash(path)) !== sha256) throw damaged(what, `${name} is not what it was`);
  }
  const kept = new Map(files.map(({ name, sha256 }) => [name, sha256]));
  for (const { file, sha256 } of inspectDatabase(what, placeOf(DATABASE)).adapters) {
    if (missing.includes(file)) continue;
    if (kept.get(`adapters/${file}`) !== sha256) {
      throw damaged(what, `its database names the adapter ${file}, and that is not in it`);
    }
  }
}

/** Nothing may be there that the manifest does not tell of. @throws CommandError */
export function checkNothingElse(what: string, folder: string, { files }: Manifest): void {
  const there = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => name !== MANIFEST);
  const stray = there.find((name) => !files.some((it) => it.name === name));
  if (stray) throw damaged(what, `its manifest does not tell of ${stray}`);
}

/**
 * Checks a copy of a database, of this Selkie or an earlier one, and says what it names. Nothing of it is
 * changed.
 * @throws CommandError `damaged`
 */
export function inspectDatabase(
  what: string,
  path: string,
): { adapters: NamedAdapter[]; version: number; fingerprint: string } {
  if (!existsSync(path)) throw damaged(what, "it has no database");
  let client: Sqlite.Database | undefined;
  try {
    client = new Sqlite(path, { readonly: true });
    const problem = client.pragma("integrity_check(1)", { simple: true });
    if (problem !== "ok") throw damaged(what, `its database is not sound: ${problem}`);
    const [orphan] = client.pragma("foreign_key_check") as { table: string }[];
    if (orphan) throw damaged(what, `its database has rows of ${orphan.table} that lead nowhere`);
    return namedIn(client);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw damaged(what, `its database cannot be read: ${(error as Error).message}`);
  } finally {
    client?.close();
  }
}

/** What a database names. Earlier ones have fewer columns and tables: rows are taken as they are. */
function namedIn(client: Sqlite.Database) {
  const rows = (table: string) =>
    client.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(table)
      ? (client.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all() as Record<string, unknown>[])
      : [];
  const usable = rows("versions").filter((row) => !row.pruned_at && !row.broken);
  const adapters = new Map<string, NamedAdapter>();
  const skills = rows("skills").filter(({ file }) => file !== null);
  for (const row of [...usable, ...rows("policies"), ...skills]) {
    const file = basename(String(row.file));
    adapters.set(file, { file, sha256: String(row.sha256) });
  }
  const settings = new Map(rows("settings").map(({ key, value }) => [key, String(value)]));
  const chosen: unknown = JSON.parse(settings.get("version.current") ?? "null");
  const model: { fingerprint?: string } = JSON.parse(settings.get("model.base") ?? "{}");
  return {
    adapters: [...adapters.values()],
    version: Number(chosen ?? usable.at(-1)?.id ?? 0),
    fingerprint: model.fingerprint ?? "unbound",
  };
}

export function damaged(what: string, why: string): CommandError {
  return new CommandError("damaged", `${what} is damaged, or not Selkie's: ${why}.`);
}
