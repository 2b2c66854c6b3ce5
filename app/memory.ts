import { MatrixCells } from "../agent/measure/cells.ts";
import { type MatrixWindow, matrixOf } from "../agent/measure/matrix.ts";
import { metricsOf } from "../agent/measure/report.ts";
import { matrixSize, memoryRevision } from "../db/dashboard.ts";
import { latestMeasurement, type MemoryFigures } from "../db/measurements.ts";
import type { Database } from "../db/open.ts";
import type { Matrix, MemoryFacts } from "../views/types.ts";

/** The figures of the memory, and its matrix, whose cells are read once. */
export class Memory {
  private cached: MemoryFacts | undefined;
  private readonly cells: MatrixCells;
  /** All of the matrix, which is looked at most. */
  private whole: { revision: string; matrix: Matrix } | undefined;

  constructor(private readonly db: Database) {
    this.cells = new MatrixCells(db);
  }

  /** Worked out anew only when something was measured. */
  facts(): MemoryFacts {
    const revision = memoryRevision(this.db);
    if (this.cached?.revision === revision) return this.cached;
    const memory = latestMeasurement(this.db)?.figures ?? null;
    this.cached = {
      ...matrixSize(this.db),
      metrics: metricsOf(memory),
      revision,
      description: describeMemory(memory),
    };
    return this.cached;
  }

  /** The matrix, or a stretch of it: of more rows or columns than can be seen, several share one. */
  async matrix(window?: MatrixWindow): Promise<Matrix> {
    const revision = memoryRevision(this.db);
    if (!window && this.whole?.revision === revision) return this.whole.matrix;
    await this.cells.refresh();
    const matrix = this.stretch(window);
    if (!window) this.whole = { revision, matrix };
    return matrix;
  }

  private stretch(window: MatrixWindow | undefined): Matrix {
    const matrix = matrixOf(this.db, this.cells, window && { window });
    return {
      size: matrix.size,
      window: matrix.window,
      rows: matrix.versions.map(({ id, lastId, updateId, versions }) => ({
        updateId,
        label: versions > 1 ? `v${id}–v${lastId}` : `v${id}`,
      })),
      columns: matrix.columns.map(({ passage, passages }) => ({
        passageId: passage.id,
        label: passages > 1 ? `${passage.title} and ${passages - 1} more` : passage.title,
      })),
      values: matrix.accuracy,
    };
  }
}

/** The memory in a sentence. */
function describeMemory(memory: MemoryFigures | null): string {
  if (!memory?.acc) return "";
  const { acc, bwt, population, asked } = memory;
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const change = bwt
    ? `; right after each passage's own update it was ${percent(acc.mean - bwt.mean)}`
    : "";
  const sample = asked < population ? ` (estimated from ${asked} of ${population} questions)` : "";
  return `${percent(acc.mean)} of what was learned is answered right now${sample}${change}.`;
}
