import { existsSync } from "node:fs";
import { join } from "node:path";
import { findWeights, type Weights } from "../../agent/adapter.ts";
import { versionName } from "../../agent/lineage/switch.ts";
import { checkVersion } from "../../agent/versions.ts";
import type { Conversation } from "../../db/conversations.ts";
import { BASE_VERSION, currentVersion, getVersion } from "../../db/versions.ts";
import { RequestError } from "../errors.tsx";
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

/**
 * The weights that a conversation's next question goes to, after a look at their file.
 * @throws RequestError 409 where they cannot answer any more, which offers the version that answers now
 */
export async function weightsOf(
  { db, home }: Instance,
  { versionId }: Pick<Conversation, "versionId">,
): Promise<Weights> {
  if (versionId === BASE_VERSION) return findWeights(db, home, "base")!;
  const sound = await checkVersion(db, home, versionId);
  const weights = sound && findWeights(db, home, versionId);
  if (weights) return weights;
  const now = versionName(currentVersion(db)?.id ?? BASE_VERSION);
  const why = whyNot({ db, home }, versionId) ?? `The adapter of version ${versionId} is damaged.`;
  throw new RequestError(409, `${why} Switch this conversation to ${now} to go on.`, {
    code: "no-adapter",
  });
}
