import type { LearnerContext } from "../context.ts";
import { queueDueSleep } from "../refit/due.ts";
import { pruneVersions } from "./prune.ts";

/** What is to be done once another version answers: room on the disk, and a sleep if one is due. */
export function keepHouse({ db, home, settings }: LearnerContext): void {
  pruneVersions(db, home, settings.adaptersMb);
  queueDueSleep(db, settings.sleep);
}
