import { and, asc, count, desc, eq, lt, lte, ne } from "drizzle-orm";
import { eventsAfter, latestEvents } from "./events.ts";
import { type Database, transaction } from "./open.ts";
import { DELIVERY_STATES, deliveries, type WEBHOOK_EVENTS, webhooks } from "./schema.ts";

export type Webhook = typeof webhooks.$inferSelect;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];
export type Delivery = typeof deliveries.$inferSelect;
export type DeliveryState = Delivery["state"];

/** Records an address that is told of what happens from now on. */
export function addWebhook(
  db: Database,
  webhook: Pick<Webhook, "url" | "events" | "secret">,
): Webhook {
  return transaction(db, () => {
    const seenEventId = latestEvents(db, 1)[0]?.id ?? 0;
    return db
      .insert(webhooks)
      .values({ ...webhook, seenEventId })
      .returning()
      .get();
  });
}

export function getWebhook(db: Database, id: number): Webhook | undefined {
  return db.select().from(webhooks).where(eq(webhooks.id, id)).get();
}

/** All of them, the oldest first. */
export function listWebhooks(db: Database): Webhook[] {
  return db.select().from(webhooks).orderBy(asc(webhooks.id)).all();
}

/** Forgets an address and everything that was sent there. Returns false where there is none. */
export function removeWebhook(db: Database, id: number): boolean {
  return db.delete(webhooks).where(eq(webhooks.id, id)).run().changes > 0;
}

/**
 * Records a message for each event that a webhook wants and was not asked about yet: each exactly once,
 * however many processes do this.
 * @param bodyOf the message of an event
 * @returns how many messages
 */
export function queueDeliveries(
  db: Database,
  bodyOf: (event: ReturnType<typeof eventsAfter>[number]) => string,
): number {
  const latest = latestEvents(db, 1)[0]?.id ?? 0;
  const behind = listWebhooks(db).filter(({ seenEventId }) => seenEventId < latest);
  if (behind.length === 0) return 0;
  return transaction(db, () => {
    let queued = 0;
    for (const { id } of behind) {
      const webhook = getWebhook(db, id);
      if (!webhook) continue;
      const events = eventsAfter(db, webhook.seenEventId);
      for (const event of events) {
        if (!webhook.events.some((kind) => kind === event.kind)) continue;
        const delivery = { webhookId: id, eventId: event.id, body: bodyOf(event) };
        queued += db.insert(deliveries).values(delivery).onConflictDoNothing().run().changes;
      }
      const seenEventId = events.at(-1)?.id ?? webhook.seenEventId;
      db.update(webhooks).set({ seenEventId }).where(eq(webhooks.id, id)).run();
    }
    return queued;
  });
}

/** Records a message that is being sent: until `nextAt` nobody else takes it. */
export function addDelivery(
  db: Database,
  delivery: Pick<Delivery, "webhookId" | "eventId" | "body" | "attempts" | "nextAt">,
): Delivery {
  return db.insert(deliveries).values(delivery).returning().get();
}

/**
 * Takes the messages that are due, each for one process: until `until` nobody else takes them, so that one
 * whose process dies is taken again.
 */
export function claimDeliveries(
  db: Database,
  { now, until, limit }: { now: number; until: number; limit: number },
): { delivery: Delivery; webhook: Webhook }[] {
  const due = and(eq(deliveries.state, "waiting"), lte(deliveries.nextAt, now));
  if (!db.select({ id: deliveries.id }).from(deliveries).where(due).limit(1).get()) return [];
  return transaction(db, () => {
    const rows = db
      .select({ delivery: deliveries, webhook: webhooks })
      .from(deliveries)
      .innerJoin(webhooks, eq(webhooks.id, deliveries.webhookId))
      .where(due)
      .orderBy(asc(deliveries.id))
      .limit(limit)
      .all();
    return rows.map(({ delivery, webhook }) => {
      const attempts = delivery.attempts + 1;
      const mine = eq(deliveries.id, delivery.id);
      db.update(deliveries).set({ attempts, nextAt: until }).where(mine).run();
      return { delivery: { ...delivery, attempts }, webhook };
    });
  });
}

/** Records how an attempt ended. */
export function recordAttempt(
  db: Database,
  id: number,
  end: Pick<Delivery, "state" | "status" | "error"> & { nextAt?: number },
): Delivery | undefined {
  const finishedAt = end.state === "waiting" ? null : Date.now();
  return db
    .update(deliveries)
    .set({ ...end, finishedAt })
    .where(eq(deliveries.id, id))
    .returning()
    .get();
}

/** What was sent to a webhook, the latest first. */
export function listDeliveries(db: Database, webhookId: number, limit = 100): Delivery[] {
  return db
    .select()
    .from(deliveries)
    .where(eq(deliveries.webhookId, webhookId))
    .orderBy(desc(deliveries.id))
    .limit(limit)
    .all();
}

/** How many messages there are in each state. */
export function countDeliveries(db: Database): Record<DeliveryState, number> {
  const counts = Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0]));
  const rows = db
    .select({ state: deliveries.state, n: count() })
    .from(deliveries)
    .groupBy(deliveries.state)
    .all();
  for (const { state, n } of rows) counts[state] = n;
  return counts as Record<DeliveryState, number>;
}

/** Forgets messages that ended before a time. */
export function forgetDeliveries(db: Database, before: number): void {
  const ended = and(ne(deliveries.state, "waiting"), lt(deliveries.finishedAt, before));
  if (!db.select({ id: deliveries.id }).from(deliveries).where(ended).limit(1).get()) return;
  db.delete(deliveries).where(ended).run();
}
