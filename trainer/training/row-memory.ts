import type { SkipLearned } from "./job.ts";

/** What a job knows of each row: its mean loss when it was last seen, and in which epoch that was. */
export class RowMemory {
  private readonly losses: (number | null)[];
  private readonly epochs: number[];

  constructor(rows: number, saved?: { losses: (number | null)[]; epochs: number[] }) {
    this.losses = saved?.losses ?? new Array<number | null>(rows).fill(null);
    this.epochs = saved?.epochs ?? new Array<number>(rows).fill(0);
  }

  see(row: number, epoch: number, loss: number): void {
    this.losses[row] = loss;
    this.epochs[row] = epoch;
  }

  /** Every row has been seen, and its loss was below a threshold. */
  allBelow(threshold: number): boolean {
    return this.losses.every((loss) => loss !== null && loss < threshold);
  }

  /** Whether a learned row is left out of an epoch. */
  rests(row: number, epoch: number, { below, epochs }: SkipLearned): boolean {
    const loss = this.losses[row] ?? null;
    return loss !== null && loss < below && epoch - (this.epochs[row] as number) <= epochs;
  }

  /** By loss, highest first; rows that were never seen before all others. */
  hardestFirst(rows: readonly number[]): number[] {
    const loss = (row: number): number => this.losses[row] ?? Number.POSITIVE_INFINITY;
    return [...rows].sort((a, b) => {
      const [x, y] = [loss(a), loss(b)];
      return x === y ? 0 : y - x;
    });
  }

  save(): { losses: (number | null)[]; epochs: number[] } {
    return { losses: [...this.losses], epochs: [...this.epochs] };
  }
}
