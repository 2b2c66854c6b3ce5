import type { Database } from "../../db/open.ts";
import { getPassages, type Passage } from "../../db/passages.ts";
import { type PassageScore, passageScores } from "../../db/scores.ts";
import { listUpdates } from "../../db/updates.ts";
import { BASE_VERSION, listVersions, type Version } from "../../db/versions.ts";

/** Both matrices R[t, i] of an instance, lower triangular: row t has a column for each i ≤ t. */
export interface MemoryMatrix {
  /** The committed versions, oldest first; row t is measured under `versions[t]`. */
  versions: Version[];
  /** What each of them taught; column i is `passages[i]`. */
  passages: Passage[];
  /** Share of passage i's report probes whose every token was the likeliest. */
  accuracy: number[][];
  /** Their mean log-probability per token, in nats. */
  logprob: number[][];
  /** The same under the untouched base, by column. */
  base: { accuracy: number[]; logprob: number[] };
}

/**
 * The matrices, out of the scores of every version. An update whose passage has no report probes,
 * or which is not measured yet, has neither row nor column.
 */
export function memoryMatrix(db: Database): MemoryMatrix {
  const byVersion = Map.groupBy(passageScores(db), (score) => score.versionId);
  const scoreAt = new Map(
    [...byVersion].map(([id, list]) => [id, new Map(list.map((it) => [it.passageId, it]))]),
  );
  const taught = new Map(listUpdates(db).map((update) => [update.id, update.passageId]));
  const known = scoreAt.get(BASE_VERSION);
  const steps = listVersions(db).flatMap((version) => {
    const passageId = taught.get(version.updateId);
    const scores = scoreAt.get(version.id);
    const base = passageId === undefined ? undefined : known?.get(passageId);
    return scores && base && scores.has(base.passageId) ? [{ version, scores, base }] : [];
  });
  const passages = new Map(
    getPassages(
      db,
      steps.map(({ base }) => base.passageId),
    ).map((it) => [it.id, it]),
  );
  const table = (pick: (score: PassageScore) => number) =>
    steps.map(({ scores }, t) =>
      steps.slice(0, t + 1).map(({ base }) => pick(scores.get(base.passageId) ?? missing(base))),
    );
  return {
    versions: steps.map(({ version }) => version),
    passages: steps.map(({ base }) => passages.get(base.passageId)!),
    accuracy: table((score) => score.accuracy),
    logprob: table((score) => score.logprob),
    base: {
      accuracy: steps.map(({ base }) => base.accuracy),
      logprob: steps.map(({ base }) => base.logprob),
    },
  };
}

function missing({ passageId }: PassageScore): never {
  throw new Error(`The scores of passage ${passageId} are incomplete: the database is damaged.`);
}
