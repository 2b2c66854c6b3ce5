import type { HourRange } from "./settings.ts";

const DAY_MINUTES = 24 * 60;
const RANGE = /^(\d{1,2})(?::(\d{2}))?\s*[-–]\s*(\d{1,2})(?::(\d{2}))?$/;

/** Reads `22:00-07:00`, `8-18`, or several with commas; nothing where it is none, or covers the whole day. */
export function parseHours(text: string): HourRange[] | undefined {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const ranges: HourRange[] = [];
  for (const part of parts) {
    const match = RANGE.exec(part);
    if (!match) return undefined;
    const [from, to] = [minutes(match[1], match[2]), minutes(match[3], match[4])];
    if (from === undefined || to === undefined || from === to) return undefined;
    ranges.push({ from: from % DAY_MINUTES, to });
  }
  const open = Array.from({ length: DAY_MINUTES }, (_, at) => at).some(
    (at) => !isQuiet(ranges, at),
  );
  return open ? ranges : undefined;
}

/** The ranges as {@link parseHours} reads them. */
export function hoursText(ranges: readonly HourRange[]): string {
  return ranges.map(({ from, to }) => `${clock(from)}-${clock(to)}`).join(", ");
}

/**
 * Until when a moment's quiet hours last, in milliseconds since 1970; nothing where it is in none. It goes by
 * the clock alone: one that is set back is believed.
 */
export function quietUntil(ranges: readonly HourRange[], now: number): number | undefined {
  const date = new Date(now);
  const at = date.getHours() * 60 + date.getMinutes();
  if (!isQuiet(ranges, at)) return undefined;
  let end = at;
  while (isQuiet(ranges, end % DAY_MINUTES) && end < at + DAY_MINUTES) end += 1;
  // As hours of a day, since days are not all of one length.
  return new Date(now).setHours(0, end, 0, 0);
}

function isQuiet(ranges: readonly HourRange[], at: number): boolean {
  return ranges.some(({ from, to }) => (from < to ? at >= from && at < to : at >= from || at < to));
}

function minutes(hours = "", rest = "0"): number | undefined {
  const total = Number(hours) * 60 + Number(rest);
  return Number(rest) < 60 && total <= DAY_MINUTES ? total : undefined;
}

/** 450 → "07:30". */
function clock(at: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(at / 60))}:${two(at % 60)}`;
}
