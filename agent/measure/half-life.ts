import type { Interval } from "./interval.ts";

/** Something that was known, looked at some time later. */
export interface Look {
  /** In versions, at least 1. */
  age: number;
  kept: boolean;
  /** How many it stands for. */
  weight: number;
}

/** Ages at which half may be forgotten that are tried: evenly in their logarithm. */
const SHORTEST = 0.25;
const LONGEST = 1e5;
const STEPS = 400;
/** Half the 95% quantile of chi-squared with one degree of freedom. */
const DROP = 1.92;

/**
 * After how many versions half of what was learned is forgotten, where what is kept falls as
 * 2^(−age / half-life) (Ebbinghaus' curve in its simplest form; Settles & Meeder 2016 fit the same):
 * the likeliest half-life and its profile likelihood interval. Weights are scaled to the number of
 * looks. None where nothing is seen to fade.
 */
export function halfLife(looks: readonly Look[]): Interval | null {
  const aged = looks.filter(({ age }) => age >= 1);
  if (!aged.some(({ kept }) => !kept)) return null;
  const all = aged.reduce((sum, { weight }) => sum + weight, 0);
  const scale = aged.length / all;
  const step = Math.log(LONGEST / SHORTEST) / STEPS;
  const tried = Array.from({ length: STEPS + 1 }, (_, i) => {
    const life = SHORTEST * Math.exp(i * step);
    return { life, fit: fitOf(aged, life) * scale };
  });
  const best = tried.reduce((a, b) => (b.fit > a.fit ? b : a));
  const within = tried.filter(({ fit }) => fit >= best.fit - DROP);
  return { mean: best.life, low: within[0]!.life, high: within.at(-1)!.life };
}

function fitOf(looks: readonly Look[], life: number): number {
  return looks.reduce((sum, { age, kept, weight }) => {
    const p = Math.min(1 - 1e-9, Math.max(1e-9, 2 ** (-age / life)));
    return sum + weight * Math.log(kept ? p : 1 - p);
  }, 0);
}
