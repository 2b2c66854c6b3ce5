/** ‖a - b‖ / ‖b‖ after the mean of each is taken away: logits are the same up to a constant. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (v: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < v.length; i++) sum += v[i] as number;
    return sum / v.length;
  };
  const [ma, mb] = [mean(a), mean(b)];
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    const y = (b[i] as number) - mb;
    difference += ((a[i] as number) - ma - y) ** 2;
    size += y ** 2;
  }
  return Math.sqrt(difference / size);
}

/** The largest |a/b - 1| of two lists; Infinity where they are not of one length. */
export function farthestRatio(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x / (b[i] as number) - 1)), 0);
}
