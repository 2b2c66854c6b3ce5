import type { TokenRow } from "../model/packing.ts";
import { random, seedFor, shuffled } from "../random.ts";
import type { RowMemory } from "./row-memory.ts";
import type { TokenJob } from "./token-job.ts";

/** Rows of a step, by index. */
export type StepRows = number[];

/**
 * Which rows each step has: those of every epoch in shuffled order, cut into steps of at most
 * `batchTokens`. A job departs from it where it leaves out or reorders rows.
 */
export class Plan {
  /** How many steps the full plan has. */
  readonly steps: number;
  private readonly orders: number[][] = [];

  constructor(private readonly job: TokenJob) {
    const { epochs, seed } = job.options;
    const next = random(seedFor(seed, "order"));
    let steps = 0;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      this.orders.push(shuffled(job.rows.length, next).filter((row) => this.has(epoch, row)));
      steps += this.full(epoch).length;
    }
    this.steps = steps;
  }

  /** All rows of an epoch, which counts from 1. */
  full(epoch: number): StepRows[] {
    return this.cut(this.orders[epoch - 1] ?? []);
  }

  /** An epoch's rows without those that are left out, in the job's order. */
  epoch(epoch: number, memory: RowMemory): StepRows[] {
    const { order = "shuffled", skipLearned: skip } = this.job.options;
    let rows = this.orders[epoch - 1] ?? [];
    if (skip) rows = rows.filter((row) => !memory.rests(row, epoch, skip));
    if (order === "hardest") rows = memory.hardestFirst(rows);
    return this.cut(rows);
  }

  private has(epoch: number, row: number): boolean {
    const only = this.job.rows[row]?.epoch;
    return only === undefined || only === epoch;
  }

  private cut(order: readonly number[]): StepRows[] {
    return cutBySize(order, (row) => size(this.job.rows[row]), this.job.options.batchTokens);
  }
}

/** Every step of a job's full plan. */
export function planSteps(job: TokenJob): { epoch: number; rows: TokenRow[] }[] {
  const plan = new Plan(job);
  return Array.from({ length: job.options.epochs }, (_, i) => i + 1).flatMap((epoch) =>
    plan.full(epoch).map((rows) => ({ epoch, rows: rows.map((row) => job.rows[row] as TokenRow) })),
  );
}

/** Cuts items into groups of at most `limit`, in order; a larger one stands alone. */
export function cutBySize<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  limit: number,
): T[][] {
  const groups: T[][] = [];
  let group: T[] = [];
  let total = 0;
  for (const item of items) {
    const n = sizeOf(item);
    if (group.length > 0 && total + n > limit) {
      groups.push(group);
      group = [];
      total = 0;
    }
    group.push(item);
    total += n;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function size(row: TokenRow | undefined): number {
  return row?.tokens.length ?? 0;
}
