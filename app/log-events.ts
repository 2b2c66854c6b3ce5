import { getLogger } from "@logtape/logtape";
import { sleep } from "../agent/sleep.ts";
import { eventsAfter, latestEvents } from "../db/events.ts";
import type { Database } from "../db/open.ts";

/** How often the log of the database is looked at, in milliseconds. */
const POLL_MS = 1000;

const logger = getLogger(["selkie", "events"]);

/** Writes what happens to the log, whichever process it happens in, until the signal aborts. */
export async function logEvents(db: Database, signal: AbortSignal): Promise<void> {
  let last = latestEvents(db, 1)[0]?.id ?? 0;
  const look = () => {
    for (const { id, level, kind, message, jobId, passageId } of eventsAfter(db, last)) {
      // Braces of the message's own are no places for values.
      logger[level](message.replace(/[{}]/g, "$&$&"), {
        kind,
        event: id,
        job: jobId,
        passage: passageId,
      });
      last = id;
    }
  };
  while (!signal.aborted) {
    await sleep(POLL_MS, signal);
    try {
      look();
    } catch (error) {
      // A busy database: the next look tells what this one missed.
      logger.debug("The log could not be looked at: {error}", { error });
    }
  }
}
