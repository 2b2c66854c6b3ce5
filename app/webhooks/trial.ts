import { addEvent } from "../../db/events.ts";
import { addDelivery, type Delivery, recordAttempt, type Webhook } from "../../db/webhooks.ts";
import type { Instance } from "../instance.ts";
import { bodyOf } from "./run.ts";
import { attempt, TIMEOUT_MS } from "./send.ts";

/** What a message that only tries an address says that it is. */
const KIND = "webhook.test";

/**
 * Sends a webhook a message now, whatever events it wants, and once: who asks for it sees how it ends.
 * @throws the signal's reason
 */
export async function tryWebhook(
  { db, config }: Pick<Instance, "db" | "config">,
  webhook: Webhook,
  signal: AbortSignal,
): Promise<Delivery> {
  const message = `Selkie tries whether ${webhook.url} takes its messages.`;
  const event = addEvent(db, { level: "info", kind: KIND, message });
  const delivery = addDelivery(db, {
    webhookId: webhook.id,
    eventId: event.id,
    body: bodyOf(db, event),
    attempts: 1,
    nextAt: Date.now() + 2 * TIMEOUT_MS,
  });
  const { state, status, error } = await attempt(webhook, delivery, config.limits, signal);
  const end = { state: state === "delivered" ? state : "failed", status, error } as const;
  return recordAttempt(db, delivery.id, end) ?? { ...delivery, ...end };
}
