import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Database } from "../db/open.ts";
import { hasFile } from "../db/versions.ts";
import type { Home } from "./home.ts";
import { fileHash } from "./read/hash.ts";

/** The name of a kept adapter inside the adapters folder: by its content, which never changes. */
export function adapterFile(sha256: string): string {
  return `${sha256}.gguf`;
}

/**
 * Gives an adapter its final name, and makes sure that the disk has it. Done again after a crash, it
 * finds what it did.
 * @param file where it is, inside the adapters folder
 * @returns false where it is gone or damaged (a power cut): it must be trained again
 */
export async function keepAdapter(home: Home, file: string, sha256: string): Promise<boolean> {
  const target = join(home.adapters, adapterFile(sha256));
  const scratch = join(home.adapters, file);
  if (scratch !== target && existsSync(scratch)) {
    if ((await fileHash(scratch)) !== sha256) {
      rmSync(scratch);
      return false;
    }
    sync(scratch);
    renameSync(scratch, target);
    sync(dirname(target));
    return true;
  }
  // Died between the rename and the transaction, or two adapters came out the same.
  return isSound(target, sha256);
}

/**
 * Where an adapter is inside the adapters folder: under its scratch name, or its final one if a crash came
 * between. Nothing where it is gone or damaged.
 */
export async function findAdapter(
  home: Home,
  scratch: string,
  sha256: string,
): Promise<string | undefined> {
  for (const name of [scratch, adapterFile(sha256)]) {
    if (await isSound(join(home.adapters, name), sha256)) return name;
  }
  return undefined;
}

/** Removes an adapter that got its final name for nothing, unless a version has the same content. */
export function dropAdapter(db: Database, home: Home, sha256: string): void {
  const file = adapterFile(sha256);
  if (!hasFile(db, file)) rmSync(join(home.adapters, file), { force: true });
}

/** Whether a file is there and has the content that its hash says. */
export async function isSound(path: string, sha256: string): Promise<boolean> {
  return existsSync(path) && (await fileHash(path)) === sha256;
}

/** Returns when the disk has what was written to a file, or the names in a folder. */
export function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
