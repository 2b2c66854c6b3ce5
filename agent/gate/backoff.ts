import { addEvent } from "../../db/events.ts";
import { rejectionsInARow } from "../../db/gates.ts";
import type { Database } from "../../db/open.ts";
import { deleteSetting, getSetting, setSetting } from "../../db/settings.ts";
import type { GateSettings } from "../settings.ts";

/** The first pause, and the longest, in minutes; each is twice as long as the one before. */
const FIRST_MINUTES = 15;
const LONGEST_MINUTES = 24 * 60;
const KEY = "learning.pause";

/** A pause of all learning, in milliseconds since 1970. */
interface Pause {
  since: number;
  until: number;
}

/**
 * Where the gate has refused several updates one after another, all learning pauses, for longer each time:
 * trying on would cost hours and change nothing, with these passages and with any that come meanwhile. People
 * are told what would help.
 * @returns minutes of the pause, 0 where there is none
 */
export function backOff(
  db: Database,
  { patience }: Pick<GateSettings, "patience">,
  now = Date.now(),
): number {
  const rejected = rejectionsInARow(db);
  if (rejected === 0 || rejected % patience !== 0) return 0;
  const minutes = Math.min(LONGEST_MINUTES, FIRST_MINUTES * 2 ** (rejected / patience - 1));
  setSetting(db, KEY, { since: now, until: now + minutes * 60_000 } satisfies Pause);
  const message = `The gate refused ${rejected} updates in a row, so learning pauses for ${minutes} minutes: what was learned before would be lost. \`selkie memory accept\` takes the present state as the new measure; a lower learning rate or more replay costs less.`;
  addEvent(db, { level: "warning", kind: "gate.stuck", message });
  return minutes;
}

/**
 * Until when the gate has all learning pause; nothing where it does not. Where the clock was set back since,
 * the pause lasts no longer than it was to.
 */
export function pauseUntil(db: Database, now = Date.now()): number | undefined {
  const pause = getSetting(db, KEY) as Pause | undefined;
  if (!pause || now >= pause.until) return undefined;
  if (now >= pause.since) return pause.until;
  const moved = { since: now, until: now + pause.until - pause.since };
  setSetting(db, KEY, moved);
  return moved.until;
}

/** Ends the pause: what made it is given up, or was changed. */
export function endPause(db: Database): void {
  deleteSetting(db, KEY);
}
