const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How often a source is looked at, in milliseconds. */
export const INTERVALS = {
  /** A feed at most so often, whatever it brings, */
  min: 10 * MINUTE,
  /** unless its entries would fall out of it unseen. */
  least: MINUTE,
  /** And at least so often, however quiet it is. */
  max: 24 * HOUR,
  /** A feed whose entries have no dates. */
  unknown: HOUR,
  /** A folder, which is watched as well. */
  folder: 10 * MINUTE,
  /** arXiv announces new papers once a day. */
  arxiv: 6 * HOUR,
  /** The demo's newspaper, which this program itself prints. */
  demo: 5 * SECOND,
} as const;

const FIRST_WAIT = 5 * MINUTE;
/** Spreads sources that failed together. */
const JITTER = 0.1;

/**
 * How long to wait until a feed is fetched again: about as long as it takes to bring something, and
 * never so long that entries could fall out of it unseen.
 * @param dates of its entries, in milliseconds since 1970
 */
export function feedInterval(
  dates: number[],
  options: { now: number; ttlMs?: number; min?: number },
): number {
  const { now, ttlMs = 0, min = INTERVALS.min } = options;
  if (dates.length === 0) return Math.max(INTERVALS.unknown, Math.min(ttlMs, INTERVALS.max));
  const latest = dates.toSorted((a, b) => b - a).slice(0, 20);
  const gap = (now - latest.at(-1)!) / latest.length;
  const window = (now - Math.min(...dates)) / 3;
  const wished = dates.length > 1 ? Math.min(gap, window) : gap;
  const floor = Math.min(min, Math.max(window, INTERVALS.least));
  return Math.min(Math.max(wished, floor, ttlMs), INTERVALS.max);
}

/**
 * How long to wait after failures in a row: each time twice as long, up to a day, and as long as the
 * server asks for.
 */
export function backOff(failures: number, retryAfterMs = 0, random = Math.random()): number {
  const wait = Math.min(FIRST_WAIT * 2 ** Math.min(failures - 1, 20), INTERVALS.max);
  const asked = Math.min(retryAfterMs, 7 * INTERVALS.max);
  return Math.round(Math.max(wait, asked) * (1 + JITTER * random));
}

/** When the day began in which a moment lies, in the time zone of this machine. */
export function startOfDay(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}
