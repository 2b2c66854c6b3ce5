import type { Database } from "../../db/open.ts";
import { getSetting, setSetting } from "../../db/settings.ts";
import type { JobHandler } from "../jobs/types.ts";

/** What was spent of the day's budget. */
export interface Ledger {
  /** The day that it is counted for, `2026-11-21` in the server's time zone. */
  day: string;
  updates: number;
  seconds: number;
}

const KEY = "learning.ledger";
const DAY_MS = 86_400_000;

/**
 * The ledger as it stands at a moment. A later day begins anew. A clock that was set back does not bring a new
 * budget: yesterday's still counts for today, and one from further ahead (the clock had been wrong)
 * counts for today alone, so that nobody waits for days that are far off.
 */
export function ledgerAt(ledger: Ledger | undefined, now: number): Ledger {
  const today = dayOf(now);
  if (!ledger || today > ledger.day) return { day: today, updates: 0, seconds: 0 };
  return today === ledger.day || dayOf(now + DAY_MS) >= ledger.day
    ? ledger
    : { ...ledger, day: today };
}

export function readLedger(db: Database, now = Date.now()): Ledger {
  return ledgerAt(getSetting(db, KEY) as Ledger | undefined, now);
}

/** Takes something off the day's budget; called in a transaction, it is part of that. */
export function spend(
  db: Database,
  { updates = 0, seconds = 0 }: Partial<Pick<Ledger, "updates" | "seconds">>,
  now = Date.now(),
): void {
  const ledger = readLedger(db, now);
  setSetting(db, KEY, {
    ...ledger,
    updates: ledger.updates + updates,
    seconds: ledger.seconds + seconds,
  });
}

/** Takes the time that a job needs off the day's budget, however it ends. */
export function metered(handler: JobHandler): JobHandler {
  return async (context, job) => {
    const started = performance.now();
    try {
      return await handler(context, job);
    } finally {
      tryToSpend(context.db, (performance.now() - started) / 1000);
    }
  };
}

/** With a full disk the time is not counted, and what the job met is told, not this. */
function tryToSpend(db: Database, seconds: number): void {
  try {
    spend(db, { seconds });
  } catch {}
}

/** When the day begins that comes after the one of a ledger. */
export function endOf({ day }: Ledger): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + 1).getTime();
}

function dayOf(now: number): string {
  const date = new Date(now);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
