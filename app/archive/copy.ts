import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { Home } from "../../agent/home.ts";
import { fileHash } from "../../agent/read/hash.ts";
import { version } from "../../package.json";
import type { Config } from "../config.ts";
import { DATABASE, FORMAT, inspectDatabase, type Manifest } from "./manifest.ts";

/** What is copied: an instance's folder, and a connection to its database. */
export interface Original {
  client: Sqlite.Database;
  home: Home;
  model: Pick<Config["model"], "name" | "embedded">;
}

/** A database as it was at one moment, in a folder, and what belongs to it. */
export interface DatabaseCopy {
  about: Pick<Manifest, "format" | "selkie" | "createdAt" | "model" | "version">;
  /** The adapters that it names. */
  adapters: { file: string; sha256: string }[];
  /** Files of the inbox that wait to be read. */
  waiting: string[];
}

/**
 * Copies an instance's database into a folder, as it is at one moment, while others write.
 * @throws CommandError where the copy is not sound
 */
export async function copyDatabase(
  { client, home, model }: Original,
  folder: string,
): Promise<DatabaseCopy> {
  const path = join(folder, DATABASE);
  // In one go once it has begun: what others write meanwhile would make it begin again.
  await client.backup(path, { progress: ({ totalPages }) => Math.max(totalPages, 1) });
  const copy = new Sqlite(path);
  try {
    // One file: nothing may be left beside it.
    copy.pragma("journal_mode = DELETE");
  } finally {
    copy.close();
  }
  // Of the copy, not of the instance, which goes on.
  const named = inspectDatabase("The copy of the database", path);
  return {
    about: {
      format: FORMAT,
      selkie: version,
      createdAt: new Date().toISOString(),
      model: { name: model.name, embedded: model.embedded, fingerprint: named.fingerprint },
      version: named.version,
    },
    adapters: named.adapters,
    waiting: readdirSync(home.inbox).filter((name) => !name.endsWith(".tmp")),
  };
}

/** How a file stands in a manifest. */
export async function entryOf(name: string, path: string): Promise<Manifest["files"][number]> {
  return { name, bytes: statSync(path).size, sha256: await fileHash(path) };
}

/** A copy of long ago is no way back in for whoever was signed in then. */
export function forgetSessions(path: string): void {
  const client = new Sqlite(path);
  try {
    const table = client.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sessions'").get();
    if (table) client.exec("DELETE FROM sessions");
  } finally {
    client.close();
  }
}
