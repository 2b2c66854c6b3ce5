import { type Database, transaction } from "../../db/open.ts";
import { currentPolicyId } from "../../db/policies.ts";
import {
  addRound,
  type CollectedEdit,
  collectedEdits,
  type Round,
  trainedPassages,
  triablePassages,
} from "../../db/rounds.ts";
import { BASE_VERSION, listVersions } from "../../db/versions.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import { bestOf } from "./best.ts";
import { MIN_TRAIN, MIN_TRY, type WriterSettings } from "./settings.ts";

/** A passage with fewer reward probes says too little. */
const MIN_PROBES = 2;
/** Of the passages of a round that somebody asked for, the share that the writer is tried on. */
const TRY_SHARE = 1 / 3;

/** What has been collected for the next round. */
export interface Collected {
  /** Passages with rewarded edits of the writer of today that no round has used. */
  fresh: number;
  /** Passages whose best edit earned something: those, and what earlier rounds left. */
  winners: number;
  /** Edits, over all passages that count. */
  edits: number;
  /** Fresh passages that a round begins with by itself. */
  wanted: number;
}

type SelectSettings = Pick<WriterSettings, "trainPassages" | "tryPassages" | "maxAge">;

/** How much there is for the next round. */
export function collected(db: Database, settings: SelectSettings): Collected {
  const edits = eligible(db, settings);
  return {
    fresh: freshPassages(edits).length,
    winners: bestOf(edits).length,
    edits: edits.length,
    wanted: settings.trainPassages + settings.tryPassages,
  };
}

/** Whether there is enough for a round to begin by itself. */
export function isRoundDue(db: Database, settings: SelectSettings): boolean {
  const { fresh, wanted } = collected(db, settings);
  return fresh >= wanted;
}

/**
 * Begins a round, if there is enough: some fresh passages are put aside to try the new writer on, and
 * the best edits of all others are what it is trained on, those of rounds that were rejected included.
 * @param force takes what there is, down to the least that can say anything
 */
export function beginRound(
  db: Database,
  settings: SelectSettings,
  { seed, force = false }: { seed: number; force?: boolean },
): Round | undefined {
  return transaction(db, () => {
    const edits = eligible(db, settings);
    const fresh = freshPassages(edits);
    const enough = fresh.length >= settings.trainPassages + settings.tryPassages;
    if (!enough && !force) return undefined;
    const size = enough
      ? settings.tryPassages
      : Math.min(settings.tryPassages, Math.max(MIN_TRY, Math.floor(fresh.length * TRY_SHARE)));
    const triable = triablePassages(db, fresh, MIN_PROBES);
    const order = shuffled(triable.length, random(seedFor(seed, `round ${fresh.join()}`)));
    const tried = new Set(order.slice(0, size).map((i) => triable[i]!));
    const rest = edits.filter(({ passageId }) => !tried.has(passageId));
    const winners = bestOf(rest);
    if (tried.size < MIN_TRY || winners.length < MIN_TRAIN) return undefined;
    const best = new Map(winners.map((edit) => [edit.passageId, edit.candidateId]));
    const studied = [...new Set(rest.map(({ passageId }) => passageId))];
    const versionId = listVersions(db).at(-1)?.id ?? BASE_VERSION;
    return addRound(db, { policyId: currentPolicyId(db), versionId }, [
      ...studied.map((passageId) => ({
        passageId,
        role: "train" as const,
        candidateId: best.get(passageId) ?? null,
      })),
      ...[...tried].map((passageId) => ({ passageId, role: "try" as const, candidateId: null })),
    ]);
  });
}

/** The edits that count: by the writer of today, for a student of not too long ago, not trained on yet. */
function eligible(db: Database, { maxAge }: Pick<SelectSettings, "maxAge">): CollectedEdit[] {
  const oldest = listVersions(db).at(-maxAge - 1)?.id ?? BASE_VERSION;
  const trained = trainedPassages(db);
  return collectedEdits(db, currentPolicyId(db), oldest).filter(
    ({ passageId }) => !trained.has(passageId),
  );
}

function freshPassages(edits: CollectedEdit[]): number[] {
  return [...new Set(edits.filter(({ used }) => !used).map(({ passageId }) => passageId))];
}
