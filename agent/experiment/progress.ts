import { spendTime } from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";

/** How far an experiment is. */
export interface ProgressLine {
  phase: string;
  /** Passages learned, over and over, of so many. */
  done: number;
  total: number;
  /** None until something has been learned in this process. */
  secondsLeft?: number;
}

/** Adds the time since it was made, or since it was called last, to an experiment's. */
export function timeAccount(db: Database, id: number): () => void {
  let counted = performance.now();
  return () => {
    const now = performance.now();
    spendTime(db, id, (now - counted) / 1000);
    counted = now;
  };
}

/** Counts what is learned, and estimates the time left from what this process learned itself. */
export class Progress {
  private phase = "";
  private learned = 0;
  private found = 0;
  private readonly started = performance.now();

  constructor(
    private readonly total: number,
    private readonly onLine: (line: ProgressLine) => void = () => {},
  ) {}

  report({
    phase,
    learned = 0,
    found = 0,
  }: {
    phase: string;
    learned?: number;
    found?: number;
  }): void {
    if (phase !== "") this.phase = phase;
    this.learned += learned;
    this.found += found;
    const done = Math.min(this.total, this.learned + this.found);
    const each = (performance.now() - this.started) / 1000 / this.learned;
    this.onLine({
      phase: this.phase,
      done,
      total: this.total,
      ...(this.learned > 0 && { secondsLeft: each * (this.total - done) }),
    });
  }
}
