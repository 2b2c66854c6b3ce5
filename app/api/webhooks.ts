import type { Hono } from "hono";
import * as v from "valibot";
import { DELIVERY_STATES, WEBHOOK_EVENTS } from "../../db/schema.ts";
import {
  type Delivery,
  getWebhook,
  listDeliveries,
  listWebhooks,
  removeWebhook,
  type Webhook,
} from "../../db/webhooks.ts";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { ConfigError } from "../knob.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { createWebhook } from "../webhooks/add.ts";
import { tryWebhook } from "../webhooks/trial.ts";
import { checked, found, Id, send, Time, told } from "./route.ts";

const Line = v.object({
  id: v.number(),
  url: v.string(),
  events: v.array(v.picklist(WEBHOOK_EVENTS)),
  createdAt: Time,
});
const Lines = v.object({ webhooks: v.array(Line) });
const New = v.strictObject({
  url: v.pipe(v.string(), v.maxLength(2000)),
  events: v.optional(v.pipe(v.array(v.picklist(WEBHOOK_EVENTS)), v.nonEmpty())),
});
const Made = v.object({
  ...Line.entries,
  secret: v.pipe(v.string(), v.description("Signs the messages; it is not shown again.")),
});
const Sent = v.object({
  id: v.number(),
  eventId: v.number(),
  body: v.pipe(v.string(), v.description("JSON, as it was signed and sent.")),
  state: v.picklist(DELIVERY_STATES),
  attempts: v.number(),
  nextAt: Time,
  status: v.pipe(v.nullable(v.number()), v.description("HTTP status of the last answer.")),
  error: v.nullable(v.string()),
  createdAt: Time,
  finishedAt: v.nullable(Time),
});
const Deliveries = v.object({ deliveries: v.array(Sent) });
const Removed = v.object({ removed: v.number() });

const tag = "webhooks";

/** Addresses that are told of what happens. */
export function webhookApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const admin = allow(site, "admin");
  const scope = "admin" as const;
  const sent = ({ webhookId: _, ...delivery }: Delivery) => delivery;
  const line = ({ id, url, events, createdAt }: Webhook) => ({ id, url, events, createdAt });

  app.get(
    "/api/webhooks",
    told({ summary: "All webhooks", tag, scope, answer: Lines }),
    admin,
    (c) => send(c, Lines, { webhooks: listWebhooks(db).map(line) }),
  );

  app.post(
    "/api/webhooks",
    told({ summary: "Tell an address of what happens", tag, scope, answer: Made, status: 201 }),
    admin,
    checked("json", New),
    (c) => {
      try {
        const webhook = createWebhook(db, c.req.valid("json"));
        return send(c, Made, { ...line(webhook), secret: webhook.secret }, 201);
      } catch (error) {
        if (error instanceof ConfigError) {
          throw new RequestError(422, error.message, { param: "url" });
        }
        throw error;
      }
    },
  );

  app.get(
    "/api/webhooks/:id/deliveries",
    told({ summary: "What was sent, the latest first", tag, scope, answer: Deliveries }),
    admin,
    checked("param", Id),
    (c) => {
      const { id } = found(getWebhook(db, c.req.valid("param").id), "webhook");
      return send(c, Deliveries, { deliveries: listDeliveries(db, id).map(sent) });
    },
  );

  app.post(
    "/api/webhooks/:id/test",
    told({ summary: "Send a message now, once, and say how it ended", tag, scope, answer: Sent }),
    admin,
    checked("param", Id),
    async (c) => {
      const webhook = found(getWebhook(db, c.req.valid("param").id), "webhook");
      return send(c, Sent, sent(await tryWebhook(site.instance, webhook, openStream(c, site))));
    },
  );

  app.delete(
    "/api/webhooks/:id",
    told({ summary: "Tell an address nothing more", tag, scope, answer: Removed }),
    admin,
    checked("param", Id),
    (c) => {
      const { id } = found(getWebhook(db, c.req.valid("param").id), "webhook");
      removeWebhook(db, id);
      return send(c, Removed, { removed: id });
    },
  );
}
