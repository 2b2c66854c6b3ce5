import { existsSync } from "node:fs";
import { join } from "node:path";
import { BASE_VERSION, getVersion } from "../../db/versions.ts";
import type { Instance } from "../instance.ts";

/** Why a conversation's version cannot answer any more, in a sentence; nothing where it can. */
export function whyNot(
  { db, home }: Pick<Instance, "db" | "home">,
  versionId: number,
): string | undefined {
  if (versionId === BASE_VERSION) return undefined;
  const version = getVersion(db, versionId);
  const name = `version ${versionId}`;
  if (!version) return `There is no ${name} here any more.`;
  if (version.model !== null) return `The adapter of ${name} belongs to another base model.`;
  if (version.prunedAt !== null) return `The adapter of ${name} was removed to save space.`;
  const gone = version.broken !== null || !existsSync(join(home.adapters, version.file));
  return gone ? `The adapter of ${name} is missing or damaged.` : undefined;
}
