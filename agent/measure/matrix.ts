import type { Database } from "../../db/open.ts";
import { getPassages, type Passage } from "../../db/passages.ts";
import { type PassageScore, passageScores } from "../../db/scores.ts";
import { listVersions, taughtBy } from "../../db/versions.ts";

/** Rows and columns that are shown at most: more than that nobody can see. */
export const MATRIX_LIMIT = 400;

/** What a row or a column stands for: one version, or several passages that were learned in a row. */
export interface MatrixColumn {
  passage: Passage;
  /** Passages in the column, the first of them being `passage`. */
  passages: number;
}

/** The matrices R[t, i], as far as they were measured. */
export interface MemoryMatrix {
  /** The versions, oldest first; row t is measured under `versions[t]`. A refit has no update. */
  versions: { id: number; updateId: number | null }[];
  columns: MatrixColumn[];
  /** Mean over a column's probes that were asked of whether each was right; null where none was. */
  accuracy: (number | null)[][];
  /** Their mean log-probability per token, in nats. */
  logprob: (number | null)[][];
}

/**
 * The matrices out of the scores of the latest versions. Columns are what was learned, in order; of
 * many passages several share a column. A cell is over the probes that were asked then: of old passages
 * that is a sample.
 */
export function memoryMatrix(db: Database, limit = MATRIX_LIMIT): MemoryMatrix {
  const taught = taughtBy(db);
  const width = Math.max(1, Math.ceil(taught.length / limit));
  const columnOf = new Map(taught.map(({ passageId }, i) => [passageId, Math.floor(i / width)]));
  const rows = listVersions(db).slice(-limit);
  const firsts = taught.filter((_, i) => i % width === 0);
  const passages = new Map(
    getPassages(
      db,
      firsts.map(({ passageId }) => passageId),
    ).map((passage) => [passage.id, passage]),
  );
  const cells = new Map<number, PassageScore[][]>();
  for (const score of rows.length === 0 ? [] : passageScores(db, rows[0]!.id)) {
    const column = columnOf.get(score.passageId);
    // Before a passage was learned it has no cell.
    if (column === undefined || score.versionId < firsts[column]!.versionId) continue;
    const row = cells.get(score.versionId) ?? [];
    cells.set(score.versionId, row);
    row[column] = [...(row[column] ?? []), score];
  }
  const table = (pick: (score: PassageScore) => number) =>
    rows.map(({ id }) => firsts.map((_, i) => meanOf(cells.get(id)?.[i] ?? [], pick)));
  return {
    versions: rows.map(({ id, updateId }) => ({ id, updateId })),
    columns: firsts.map(({ passageId }, i) => ({
      passage: passages.get(passageId)!,
      passages: Math.min(width, taught.length - i * width),
    })),
    accuracy: table((score) => score.accuracy),
    logprob: table((score) => score.logprob),
  };
}

/** Over the probes of a cell's passages. */
function meanOf(scores: PassageScore[], pick: (score: PassageScore) => number): number | null {
  const probes = scores.reduce((sum, it) => sum + it.probes, 0);
  if (probes === 0) return null;
  return scores.reduce((sum, it) => sum + pick(it) * it.probes, 0) / probes;
}
