import { findWeights, type Weights } from "../../agent/adapter.ts";
import { versionName } from "../../agent/lineage/switch.ts";
import { checkVersion } from "../../agent/versions.ts";
import type { Conversation } from "../../db/conversations.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import { RequestError } from "../errors.tsx";
import type { Instance } from "../instance.ts";
import { whyNot } from "./why-not.ts";

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
