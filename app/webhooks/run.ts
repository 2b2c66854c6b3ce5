import { getLogger } from "@logtape/logtape";
import { checkForgetting } from "../../agent/measure/alarm.ts";
import { sleep } from "../../agent/sleep.ts";
import type { Event } from "../../db/events.ts";
import type { Database } from "../../db/open.ts";
import { getPassage } from "../../db/passages.ts";
import {
  claimDeliveries,
  forgetDeliveries,
  queueDeliveries,
  recordAttempt,
} from "../../db/webhooks.ts";
import type { Instance } from "../instance.ts";
import { attempt, TIMEOUT_MS } from "./send.ts";

/** How often the log is looked at, in milliseconds. */
const POLL_MS = 1000;
/** Messages under way at a time. */
const AT_ONCE = 8;
/** How long what was sent is kept, in milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;

const logger = getLogger(["selkie", "webhooks"]);

/** Tells webhooks of what happens, until the signal aborts. */
export async function runWebhooks(instance: Instance, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await tellWebhooks(instance, signal);
    } catch (error) {
      // A busy database or a full disk: the next look tries again.
      if (!signal.aborted) logger.error("{error}", { error });
    }
    await sleep(POLL_MS, signal);
  }
}

/** Looks at the log once, and sends what is due. */
export async function tellWebhooks(
  { db, config }: Pick<Instance, "db" | "config">,
  signal: AbortSignal,
): Promise<void> {
  checkForgetting(db, config.alarm);
  queueDeliveries(db, (event) => bodyOf(db, event));
  const now = Date.now();
  forgetDeliveries(db, now - KEPT_MS);
  const due = claimDeliveries(db, { now, until: now + 2 * TIMEOUT_MS, limit: AT_ONCE });
  await Promise.all(
    due.map(async ({ delivery, webhook }) => {
      const end = await attempt(webhook, delivery, config.limits, signal);
      recordAttempt(db, delivery.id, end);
    }),
  );
}

/** The message of an event. */
export function bodyOf(
  db: Database,
  { id, kind, message, createdAt, jobId, passageId }: Event,
): string {
  const title = passageId === null ? undefined : getPassage(db, passageId)?.title;
  return JSON.stringify({
    type: kind,
    timestamp: new Date(createdAt).toISOString(),
    data: { event: id, message, jobId, passageId, ...(title !== undefined && { title }) },
  });
}
