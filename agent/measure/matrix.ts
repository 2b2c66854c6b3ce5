import type { Database } from "../../db/open.ts";
import { getPassages, type Passage } from "../../db/passages.ts";
import { listVersions, taughtBy } from "../../db/versions.ts";
import { MatrixCells } from "./cells.ts";

/** Rows and columns that are shown at most: of more, several share one. */
const MATRIX_LIMIT = 250;

/** A stretch of rows and of columns, counted from 0; the ends are not part of it. */
export interface MatrixWindow {
  rows: [from: number, to: number];
  columns: [from: number, to: number];
}

/** A row: one version, or several that follow each other. */
export interface MatrixRow {
  /** Of the first. A refit has no update. */
  id: number;
  updateId: number | null;
  versions: number;
  /** The last version's. */
  lastId: number;
}

/** A column: one passage, or several that were learned in a row. */
export interface MatrixColumn {
  passage: Passage;
  /** Passages in the column, the first of them being `passage`. */
  passages: number;
}

/** The matrices R[t, i], as far as they were measured. */
export interface MemoryMatrix {
  /** All rows and columns that there are, and the stretch that this is. */
  size: { rows: number; columns: number };
  window: MatrixWindow;
  /** The versions, oldest first; row t is measured under `versions[t]`. */
  versions: MatrixRow[];
  columns: MatrixColumn[];
  /** Mean over a column's probes that were asked of whether each was right; null where none was. */
  accuracy: (number | null)[][];
  /** Their mean log-probability per token, in nats. */
  logprob: (number | null)[][];
}

/**
 * The matrices out of the scores. Rows are the versions, columns what was learned, in order; of many, several share a
 * row or a column. A cell is over the probes that were asked then: of old passages that is a sample.
 */
export function memoryMatrix(db: Database, limit = MATRIX_LIMIT): MemoryMatrix {
  const cells = new MatrixCells(db);
  cells.refreshNow();
  return matrixOf(db, cells, { limit });
}

/**
 * A stretch of the matrices, or all of them, out of cells that were read before.
 * @param limit rows, and columns, at most
 */
export function matrixOf(
  db: Database,
  cells: MatrixCells,
  { limit = MATRIX_LIMIT, window }: { limit?: number; window?: MatrixWindow } = {},
): MemoryMatrix {
  const taught = taughtBy(db);
  const all = listVersions(db);
  const size = { rows: all.length, columns: taught.length };
  const rows = within(window?.rows, all.length);
  const columns = within(window?.columns, taught.length);
  const height = stepOf(rows, limit);
  const width = stepOf(columns, limit);
  const places = new Map(taught.map(({ passageId }, i) => [passageId, i]));
  const shown = all.slice(...rows);
  const sums = table(
    Math.ceil(shown.length / height),
    Math.ceil((columns[1] - columns[0]) / width),
  );
  for (const [t, { id }] of shown.entries()) {
    const found = cells.under(id);
    const row = sums[Math.floor(t / height)]!;
    for (let k = 0; k < (found?.passageIds.length ?? 0); k++) {
      const place = places.get(found!.passageIds[k]!);
      if (place === undefined || place < columns[0] || place >= columns[1]) continue;
      // Before a passage was learned it has no cell.
      if (id < taught[place]!.versionId) continue;
      const cell = row[Math.floor((place - columns[0]) / width)]!;
      cell.probes += found!.probes[k]!;
      cell.right += found!.right[k]!;
      cell.logprob += found!.logprob[k]!;
    }
  }
  const firsts = taught.slice(...columns).filter((_, i) => i % width === 0);
  const passages = new Map(
    getPassages(
      db,
      firsts.map(({ passageId }) => passageId),
    ).map((passage) => [passage.id, passage]),
  );
  const mean = (pick: "right" | "logprob") =>
    sums.map((row) => row.map((cell) => (cell.probes === 0 ? null : cell[pick] / cell.probes)));
  return {
    size,
    window: { rows, columns },
    versions: sums.map((_, t) => {
      const group = shown.slice(t * height, (t + 1) * height);
      const { id, updateId } = group[0]!;
      return { id, updateId, versions: group.length, lastId: group.at(-1)!.id };
    }),
    columns: firsts.map(({ passageId }, i) => ({
      passage: passages.get(passageId)!,
      passages: Math.min(width, columns[1] - columns[0] - i * width),
    })),
    accuracy: mean("right"),
    logprob: mean("logprob"),
  };
}

/** What of a stretch there is. */
function within([from, to]: [number, number] = [0, Number.POSITIVE_INFINITY], length: number) {
  const begin = Math.min(Math.max(0, from), length);
  return [begin, Math.max(begin, Math.min(to, length))] as [number, number];
}

/** How many share a row or a column. */
function stepOf([from, to]: [number, number], limit: number): number {
  return Math.max(1, Math.ceil((to - from) / limit));
}

function table(rows: number, columns: number) {
  return Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => ({ probes: 0, right: 0, logprob: 0 })),
  );
}
