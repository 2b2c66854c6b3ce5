import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../trainer/alive.ts";
import type { Home } from "../home.ts";

/** Inside the adapters folder, apart from the learner's own scratch, which it sweeps. */
const FOLDER = "experiments";

/**
 * Makes this process's folder for adapters that nobody keeps, and removes those of processes that died.
 * @returns its path relative to the adapters folder
 */
export function openScratch(home: Home): string {
  const root = join(home.adapters, FOLDER);
  const own = String(process.pid);
  mkdirSync(join(root, own), { recursive: true });
  for (const name of readdirSync(root)) {
    if (name !== own && !isAlive(Number(name))) rmSync(join(root, name), { recursive: true });
  }
  return join(FOLDER, own);
}
