import { committedUpdateIds, studyMaterial } from "../../db/candidates.ts";
import type { Database } from "../../db/open.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import type { TrainingRow } from "../../trainer/types.ts";
import { splitSentences } from "../read/sentences.ts";
import type { LearnerSettings } from "../settings.ts";
import { distinct } from "./lines.ts";
import { lineRow } from "./rows.ts";

/**
 * Rows of earlier, committed updates' passages and study lines to be trained on beside `fresh` new rows, so that
 * they make up `replayShare` of the whole, up to `maxReplayRows`. Drawn evenly over what was
 * learned; the same for every candidate of an update.
 */
export function replayRows(
  db: Database,
  updateId: number,
  fresh: number,
  settings: Pick<LearnerSettings, "replayShare" | "maxReplayRows" | "seed">,
): TrainingRow[] {
  const wanted = replayCount(fresh, settings);
  if (wanted === 0) return [];
  const next = random(seedFor(settings.seed, `replay ${updateId}`));
  const ids = committedUpdateIds(db, updateId);
  const chosen = shuffled(ids.length, next)
    .slice(0, wanted)
    .map((i) => ids[i] as number);
  const lines = studyMaterial(db, chosen).map(({ title, text, lines }) => {
    // The sentences, too: an edit's own lines need not have every fact.
    const pool = distinct([...splitSentences(text), ...lines]);
    return shuffled(pool.length, next).map((i) => lineRow(title, pool[i] as string));
  });
  const rows: TrainingRow[] = [];
  for (let i = 0; rows.length < wanted && lines.some((own) => i < own.length); i++) {
    rows.push(...lines.flatMap((own) => own.slice(i, i + 1)));
  }
  return rows.slice(0, wanted);
}

/** How many rows replay beside `fresh` new ones. */
export function replayCount(
  fresh: number,
  { replayShare, maxReplayRows }: Pick<LearnerSettings, "replayShare" | "maxReplayRows">,
): number {
  if (replayShare <= 0) return 0;
  const share = Math.min(replayShare, 0.95);
  return Math.min(maxReplayRows, Math.round((fresh * share) / (1 - share)));
}
