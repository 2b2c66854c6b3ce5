import type { Database } from "../../db/open.ts";
import { pauseUntil } from "../gate/backoff.ts";
import { endOf, readLedger } from "./budget.ts";
import { quietUntil } from "./hours.ts";
import type { TriageSettings } from "./settings.ts";

/** Why nothing is learned for now. */
export interface Rest {
  reason: "paused" | "quiet" | "updates" | "minutes" | "gate";
  /** In a sentence for people. */
  message: string;
  /** When it ends by itself, in milliseconds since 1970. */
  until?: number;
  /** Whether what is being learned stops, too, and goes on later where it was. */
  stops: boolean;
}

/** Whether the learner is to rest at a moment: people's wish, the hours, the day's budget, the gate's pause. */
export function restAt(db: Database, settings: TriageSettings, now = Date.now()): Rest | undefined {
  const { paused, quietHours, dailyUpdates, dailyMinutes } = settings;
  if (paused) {
    const message =
      "Learning is paused: resume it on the Learning page or with `selkie learning resume`.";
    return { reason: "paused", message, stops: true };
  }
  const quiet = quietUntil(quietHours, now);
  if (quiet !== undefined) {
    const message = `These are quiet hours: learning goes on at ${clock(quiet)}.`;
    return { reason: "quiet", message, until: quiet, stops: true };
  }
  const ledger = readLedger(db, now);
  const until = endOf(ledger);
  const rest = { until, stops: false };
  if (dailyUpdates > 0 && ledger.updates >= dailyUpdates) {
    const message = `The day's ${dailyUpdates} updates are used up: learning goes on at ${clock(until)}.`;
    return { reason: "updates", message, ...rest };
  }
  if (dailyMinutes > 0 && ledger.seconds >= dailyMinutes * 60) {
    const message = `The day's ${dailyMinutes} minutes of learning are used up: it goes on at ${clock(until)}.`;
    return { reason: "minutes", message, ...rest };
  }
  const gate = pauseUntil(db, now);
  if (gate === undefined) return undefined;
  const message = `The gate refused several updates in a row, so learning pauses until ${clock(gate)}; \`selkie memory accept\` ends that, too.`;
  return { reason: "gate", message, until: gate, stops: false };
}

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
});

function clock(ms: number): string {
  return CLOCK.format(ms);
}
