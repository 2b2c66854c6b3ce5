import type { Database } from "../../db/open.ts";
import { type PassageSums, passageSums, scoredSince } from "../../db/scores.ts";
import { listVersions } from "../../db/versions.ts";

/** How long the cells are read at a time, in milliseconds, before others have their turn. */
const SLICE_MS = 20;

/**
 * What the accuracy matrix is made of: under each version, how the report questions of each passage were answered. Read
 * from the database once, and then only what came since; 20 bytes for each passage that was asked under a version.
 */
export class MatrixCells {
  private readonly sums = new Map<number, PassageSums>();
  /** The last score that was looked at, in the order in which they are stored. */
  private seen = 0;
  private reading: Promise<void> | undefined;

  constructor(private readonly db: Database) {}

  /** By passage, the sums under a version; nothing where none was asked. */
  under(versionId: number): PassageSums | undefined {
    return this.sums.get(versionId);
  }

  /** Reads what is new, slice by slice; whoever asks meanwhile waits for the same. */
  refresh(): Promise<void> {
    this.reading ??= this.readInSlices().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /** Reads what is new at once. */
  refreshNow(): void {
    for (const _ of this.read());
  }

  private async readInSlices(): Promise<void> {
    let began = performance.now();
    for (const _ of this.read()) {
      if (performance.now() - began < SLICE_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      began = performance.now();
    }
  }

  private *read(): Generator<void> {
    const { last, versions } = scoredSince(this.db, this.seen);
    // Scores were removed: what is left is read again.
    if (last < this.seen) {
      this.sums.clear();
      this.seen = 0;
    }
    // At first every version is read: looking for those that have scores would read them all, too.
    const ids = this.seen === 0 ? listVersions(this.db).map(({ id }) => id) : versions;
    for (const id of ids) {
      this.sums.set(id, passageSums(this.db, id));
      yield;
    }
    this.seen = last;
  }
}
