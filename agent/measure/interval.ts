/** A mean with its 95% interval. */
export interface Interval {
  mean: number;
  low: number;
  high: number;
}

/** The standard normal's 97.5% quantile. */
export const Z95 = 1.959964;

/**
 * The mean of shares between 0 and 1 with Wilson's score interval (Wilson 1927), which stays within
 * 0 and 1 and does not vanish where all are alike.
 */
export function interval(values: readonly number[]): Interval {
  const n = values.length;
  if (n === 0) return { mean: 0, low: 0, high: 1 };
  const p = values.reduce((sum, value) => sum + value, 0) / n;
  const z2 = Z95 ** 2;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return { mean: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
