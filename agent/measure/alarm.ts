import { addEvent } from "../../db/events.ts";
import { latestMeasurement } from "../../db/measurements.ts";
import { type Database, transaction } from "../../db/open.ts";
import { getSetting, setSetting } from "../../db/settings.ts";

/** The setting that says which measurement was looked at last, and whether it was alarming. */
const ALARM = "memory.alarm";

interface Looked {
  measurement: number;
  alarming: boolean;
}

/**
 * Looks at the latest measurement, once. If surely more is forgotten than is allowed (the lower end of the
 * 95% interval), the log says so: once, until a measurement finds less.
 * @param limit share of the questions that were right once, see `forgetting` in the measures; 1 is never
 */
export function checkForgetting(db: Database, limit: number): void {
  const latest = latestMeasurement(db);
  const before = getSetting(db, ALARM) as Looked | undefined;
  if (!latest || latest.id === before?.measurement) return;
  transaction(db, () => {
    const { forgetting } = latest.figures;
    const alarming = forgetting !== null && forgetting.low > limit;
    const calm = forgetting === null || forgetting.mean <= limit;
    const was = before?.alarming ?? false;
    setSetting(db, ALARM, {
      measurement: latest.id,
      alarming: was ? !calm : alarming,
    } satisfies Looked);
    if (!alarming || was) return;
    const percent = (share: number) => `${Math.round(share * 100)}%`;
    const message = `Version ${latest.versionId} has forgotten ${percent(forgetting.mean)} of what was right before (at least ${percent(forgetting.low)}, and ${percent(limit)} is allowed): see what it cost under Memory, go back to an earlier version, or let it sleep.`;
    addEvent(db, { level: "warning", kind: "memory.alarm", message });
  });
}
