import { random, seedFor } from "../../trainer/random.ts";
import { mean } from "../decide.ts";

/** Up to so many pairs, all ways of swapping them are gone through. */
const EXACT_PAIRS = 14;
const FLIPS = 20_000;
const RESAMPLES = 10_000;

/** What paired differences say. */
export interface PairedTest {
  mean: number;
  /** Bootstrap percentile interval of the mean, 95%. */
  low: number;
  high: number;
  /** One-sided: how likely a mean at least so large is where either of a pair could be the other. */
  p: number;
}

/**
 * Fisher's paired permutation test and a bootstrap interval (Efron & Tibshirani 1993, chapters 15 and
 * 13). The test assumes nothing of the differences but that their signs could have been any; with n
 * pairs, p is at least 2⁻ⁿ. The same seed gives the same figures.
 */
export function pairedTest(differences: readonly number[], seed: number): PairedTest {
  const observed = mean([...differences]);
  if (differences.length === 0) return { mean: 0, low: 0, high: 0, p: 1 };
  return { mean: observed, ...bootstrap(differences, seed), p: signFlips(differences, seed) };
}

function signFlips(differences: readonly number[], seed: number): number {
  const n = differences.length;
  const observed = differences.reduce((sum, it) => sum + it, 0);
  // Sums in another order differ in the last bits.
  const atLeast = observed - 1e-9 * Math.max(1, Math.abs(observed));
  const exact = n <= EXACT_PAIRS;
  const next = random(seedFor(seed, "sign flips"));
  const ways = exact ? 2 ** n : FLIPS;
  let reached = 0;
  for (let way = 0; way < ways; way++) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const flip = exact ? (way >> i) & 1 : next() < 0.5;
      sum += flip ? -differences[i]! : differences[i]!;
    }
    if (sum >= atLeast) reached += 1;
  }
  // The way that was observed counts among those that were drawn.
  return exact ? reached / ways : (reached + 1) / (ways + 1);
}

/** Bootstrap percentile interval of the mean, 95%: {@link pairedTest}'s, for values that are no differences. */
export function bootstrap(
  differences: readonly number[],
  seed: number,
): { low: number; high: number } {
  return bootstrapRatio(
    differences.map((value) => [value, 1]),
    seed,
  );
}

/**
 * Bootstrap percentile interval, 95%, of Σ numerators / Σ denominators, a ratio of means over what is drawn:
 * pairs are drawn together.
 */
export function bootstrapRatio(
  pairs: readonly (readonly [numerator: number, denominator: number])[],
  seed: number,
): { low: number; high: number } {
  const n = pairs.length;
  const next = random(seedFor(seed, "bootstrap"));
  const ratios = Float64Array.from({ length: RESAMPLES }, () => {
    let [above, below] = [0, 0];
    for (let i = 0; i < n; i++) {
      const [numerator, denominator] = pairs[Math.floor(next() * n)]!;
      above += numerator;
      below += denominator;
    }
    return above / below;
  }).sort();
  const at = (share: number) => ratios[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))]!;
  return { low: at(0.025), high: at(0.975) };
}
