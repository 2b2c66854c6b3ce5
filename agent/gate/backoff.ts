import { addEvent } from "../../db/events.ts";
import { rejectionsInARow } from "../../db/gates.ts";
import { postponeJobs } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import type { GateSettings } from "../settings.ts";

/** The first pause, and the longest, in minutes; each is twice as long as the one before. */
const FIRST_MINUTES = 15;
const LONGEST_MINUTES = 24 * 60;

/**
 * Where the gate has refused several updates one after another, the passages that wait are put off, for
 * longer each time: trying on would cost hours and change nothing. People are told what would help.
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
  postponeJobs(db, "learn", now + minutes * 60_000);
  const message = `The gate refused ${rejected} updates in a row, so learning pauses for ${minutes} minutes: what was learned before would be lost. \`selkie memory accept\` takes the present state as the new measure; a lower learning rate or more replay costs less.`;
  addEvent(db, { level: "warning", kind: "gate.stuck", message });
  return minutes;
}
