/** ‖a - b‖ / ‖b‖ after the mean of each is taken away: logits are the same up to a constant. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return relativeDistance(centred(a), centred(b));
}

/** ‖a - b‖ / ‖b‖; Infinity where they are not of one length. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] as number) - (b[i] as number)) ** 2;
    size += (b[i] as number) ** 2;
  }
  return Math.sqrt(difference / size);
}

/** The largest |a/b - 1| of two lists; Infinity where they are not of one length. */
export function farthestRatio(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x / (b[i] as number) - 1)), 0);
}

function centred(values: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(values);
  const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
  return all.map((x) => x - mean);
}
