import { eventsOfKinds } from "../db/events.ts";
import type { FaultLine, FaultsFacts } from "../views/faults.tsx";
import { backupState } from "./archive/schedule.ts";
import type { Instance } from "./instance.ts";
import { findTroubles } from "./troubles.ts";

/** What went wrong, or came right again, by the kind of its event, and what Selkie does then. */
const DONE: Record<string, string> = {
  "job.retry": "It is tried again, three times at most, after a longer wait each time.",
  "job.failed":
    "It was left out, and the next one was begun. Hand it in again once the cause is gone.",
  "job.resumed": "It was taken up again where it was.",
  "model.unusable":
    "What needs the model waits, and is tried again every half minute. Reading goes on.",
  "version.broken": "An earlier version answers in its place, and what was lost is learned again.",
  "gate.stuck": "Learning rests for a while, so that refusals do not go on and on.",
  "memory.alarm": "Webhooks were told. What fades is practised in later updates.",
  "source.failed": "It is asked again, less and less often, until it answers.",
  "source.back": "It is read as before.",
  "backup.failed": "It is tried again every hour. Earlier backups stay.",
  "backup.back": "They are made as before.",
  "backup.restored": "What was there before is kept in a folder of its own.",
  "access.refused": "No password is looked at until then. Whoever is signed in stays so.",
};

/** How the job stands now that an event was about. */
const SINCE = {
  done: "It went well since.",
  queued: "It waits for its next turn.",
  running: "It runs now.",
  failed: "It did not go well since.",
} as const;

const SHOWN = 100;

/** What is wrong now, and what was lately. */
export function faultsFacts(instance: Pick<Instance, "db" | "home" | "config">): FaultsFacts {
  const { db } = instance;
  const lines = eventsOfKinds(db, Object.keys(DONE), SHOWN).map(({ event, job }): FaultLine => {
    const { id, kind, level, message, createdAt, passageId } = event;
    return {
      id,
      level,
      message,
      at: createdAt,
      done: DONE[kind]!,
      ...(job && kind !== "job.failed" && { since: SINCE[job] }),
      ...(passageId !== null && { passageId }),
    };
  });
  return { troubles: findTroubles(instance), lines, backup: backupState(db).last };
}
