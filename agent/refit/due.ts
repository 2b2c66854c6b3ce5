import { latestPass } from "../../db/gates.ts";
import type { Database } from "../../db/open.ts";
import { lastRefit, learnedPassages, openRefits } from "../../db/refits.ts";
import { currentVersion, lineageOf } from "../../db/versions.ts";
import { requestSleep } from "./request.ts";
import type { SleepSettings } from "./settings.ts";

/** With fewer versions than this since the last sleep, another one has nothing to end. */
export const LEAST_VERSIONS = 4;
/** Of a sleep that drift makes due: versions since the last one, for each passage that is learned. */
const DRIFT_SHARE = 0.1;
const DAY_MS = 86_400_000;

/** How long the lineage has grown, and since when. */
export interface Tiredness {
  /** Versions since the last refit, or since the last time that a sleep was tried. */
  versions: number;
  /** Since then, or since the first version; 0 where there is none. */
  days: number;
}

/** How tired the instance is: what decides whether a sleep is due. */
export function tiredness(db: Database, now = Date.now()): Tiredness {
  const current = currentVersion(db);
  if (!current) return { versions: 0, days: 0 };
  const last = lastRefit(db, "sleep");
  const grown = lineageOf(db, current.id).filter(
    ({ id, refitId }) => refitId === null && id > (last?.fromVersionId ?? 0),
  );
  const since = last?.finishedAt ?? grown[0]?.createdAt ?? now;
  // A clock that was set back makes nobody tired.
  return { versions: grown.length, days: Math.max(0, now - since) / DAY_MS };
}

/**
 * Whether a sleep is due by itself: the lineage has grown long, enough time has passed, or updates have
 * cost the base more than their budget.
 */
export function isSleepDue(db: Database, settings: SleepSettings, now = Date.now()): boolean {
  const { versions, days } = tiredness(db, now);
  if (versions < LEAST_VERSIONS) return false;
  const long = settings.versions > 0 && versions >= settings.versions;
  const late = settings.days > 0 && days >= settings.days;
  return long || late || (settings.versions > 0 && hasDrifted(db, versions));
}

/** A sleep takes as long as there is much to keep: so it is worth only so many updates. */
function hasDrifted(db: Database, versions: number): boolean {
  const { control, budgets } = latestPass(db)?.figures ?? {};
  if (!control || !budgets || control.loss <= budgets.control) return false;
  return versions >= DRIFT_SHARE * learnedPassages(db).length;
}

/** Queues a sleep if one is due and none waits. */
export function queueDueSleep(db: Database, settings: SleepSettings): void {
  if (!isSleepDue(db, settings) || openRefits(db).some(({ kind }) => kind === "sleep")) return;
  requestSleep(db);
}
