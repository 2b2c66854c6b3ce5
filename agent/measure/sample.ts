import type { Askable } from "../../db/retention.ts";
import { random, seedFor } from "../../trainer/random.ts";
import { type Interval, Z95 } from "./interval.ts";

/** Probes of one kind, of which some were drawn, each as likely as the others. */
export interface Stratum<T> {
  key: string;
  /** How many there are. */
  population: number;
  drawn: T[];
}

/** At least so many of each stratum: fewer do not tell how much they differ. */
const LEAST = 2;
/** Ages 0, 1 to 3, 4 to 15, 16 to 63, … are alike. */
const AGE_BASE = 4;
/** How much answers are taken to differ among those that were right, or wrong, when last looked at. */
const SPREAD = { right: 0.3, wrong: 0.5 };

/** The stratum of a probe: what became of its passage, how old it is, its kind, how it stood last. */
export function stratumOf(probe: Askable, version: number): string {
  const { role, kind, lastExact, anchorVersion } = probe;
  return `${role}/${kind}/${ageClass(version - anchorVersion)}/${lastExact ? "right" : "wrong"}`;
}

/** The class of an age in versions; a version before the anchor (after a roll-back) counts as age 0. */
export function ageClass(age: number): number {
  return age < 1 ? 0 : 1 + Math.floor(Math.log(age) / Math.log(AGE_BASE) + 1e-9);
}

/** The ages of a class, both ends included. */
export function agesOf(ageClass: number): { from: number; to: number } {
  if (ageClass === 0) return { from: 0, to: 0 };
  return { from: AGE_BASE ** (ageClass - 1), to: AGE_BASE ** ageClass - 1 };
}

/**
 * Draws at most `budget` probes, stratified by role, age, kind and last result, without repetition.
 * Strata get shares as Neyman (1934) has them, by size times spread, and at least two each; where there
 * are too many of them for that, the smallest are put together. With as many probes as the budget
 * allows, all are asked.
 */
export function drawStratified<T extends Askable>(
  frame: readonly T[],
  { budget, version, seed }: { budget: number; version: number; seed: number },
): Stratum<T>[] {
  const groups = Map.groupBy(frame, (probe) => stratumOf(probe, version));
  let strata = [...groups].map(([key, members]) => ({ key, members }));
  strata.sort((a, b) => a.members.length - b.members.length || (a.key < b.key ? -1 : 1));
  while (strata.length > 1 && strata.length * LEAST > budget) {
    const [a, b, ...rest] = strata as [(typeof strata)[0], (typeof strata)[0]];
    const both = { key: `${a.key}+${b.key}`, members: [...a.members, ...b.members] };
    strata = [...rest, both].sort((x, y) => x.members.length - y.members.length);
  }
  const sizes = allocate(
    strata.map(({ members }) => ({
      population: members.length,
      spread: members[0]?.lastExact ? SPREAD.right : SPREAD.wrong,
    })),
    budget,
  );
  const next = random(seedFor(seed, "probes"));
  return strata.map(({ key, members }, i) => ({
    key,
    population: members.length,
    drawn: draw(members, sizes[i]!, next),
  }));
}

/** How many of each stratum are asked. */
function allocate(strata: { population: number; spread: number }[], budget: number): number[] {
  const sizes = strata.map(({ population }) => Math.min(population, LEAST));
  const left = () => budget - sizes.reduce((sum, n) => sum + n, 0);
  // What a full stratum does not take goes to the others in the next round.
  while (left() > 0) {
    const open = strata.map(({ population }, i) => population > sizes[i]!);
    const weights = strata.map(({ population, spread }, i) => (open[i] ? population * spread : 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) break;
    const free = left();
    let given = 0;
    weights.forEach((weight, i) => {
      const more = Math.min(strata[i]!.population - sizes[i]!, Math.floor((free * weight) / total));
      sizes[i] = sizes[i]! + more;
      given += more;
    });
    if (given > 0) continue;
    const largest = weights.indexOf(Math.max(...weights));
    sizes[largest] = sizes[largest]! + 1;
  }
  return sizes;
}

function draw<T>(members: readonly T[], count: number, next: () => number): T[] {
  const pool = [...members];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(next() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, count);
}

/**
 * Estimates the sum of a value over all probes from those that were drawn: each counts for as many as
 * its stratum has for one that was drawn (Horvitz & Thompson 1952), which is unbiased whatever the
 * values are. The interval is normal, from the spread within strata with the correction for finite
 * populations; what was asked completely adds nothing to it. Where all values of a stratum are alike,
 * one more, half a `unit` away, keeps the interval from vanishing.
 */
export function estimateTotal<T>(
  strata: readonly Stratum<T>[],
  value: (item: T) => number,
  unit: (item: T) => number,
): Interval {
  let total = 0;
  let variance = 0;
  for (const { population, drawn } of strata) {
    const n = drawn.length;
    if (n === 0) continue;
    const values = drawn.map(value);
    const mean = values.reduce((sum, it) => sum + it, 0) / n;
    total += population * mean;
    if (n === population) continue;
    const squares = values.reduce((sum, it) => sum + (it - mean) ** 2, 0);
    const half = drawn.reduce((sum, it) => sum + unit(it), 0) / n / 2;
    variance += (population ** 2 * (1 - n / population) * ((squares + half ** 2) / n)) / n;
  }
  const error = Z95 * Math.sqrt(variance);
  return { mean: total, low: total - error, high: total + error };
}
