import { join } from "node:path";
import type { Database } from "../db/open.ts";
import { currentVersion, getVersion, isUsable, type Version } from "../db/versions.ts";
import type { Home } from "./home.ts";

/** Weights to answer from: an adapter version, or the untouched base. */
export interface Weights {
  /** None for the base. */
  version?: Version;
  /** Path of the version's adapter; none for the base. */
  adapter?: string;
  /** As people know it: `version 3`, or `the untouched base`. */
  name: string;
}

/** Which weights: a version's id, the one that answers now, or the base. */
export type Which = "base" | "latest" | number;

/** Reads `base`, `latest` or a version's number; nothing else is understood. */
export function parseWhich(text: string): Which | undefined {
  if (text === "base" || text === "latest") return text;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/**
 * The weights asked for; none where there is no such version, or its adapter is not there. `latest` is
 * what answers now: the base at first.
 */
export function findWeights(db: Database, home: Home, which: Which): Weights | undefined {
  const version =
    which === "base" ? undefined : which === "latest" ? currentVersion(db) : getVersion(db, which);
  if (version && isUsable(version)) {
    const adapter = join(home.adapters, version.file);
    return { version, adapter, name: `version ${version.id}` };
  }
  return typeof which === "number" ? undefined : { name: "the untouched base" };
}
