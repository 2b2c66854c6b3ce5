import type { Database } from "../../db/open.ts";
import { WEBHOOK_EVENTS } from "../../db/schema.ts";
import { addWebhook, type Webhook, type WebhookEvent } from "../../db/webhooks.ts";
import { ConfigError } from "../knob.ts";
import { makeSecret } from "./sign.ts";

/** Adds a webhook with a secret of its own. @throws ConfigError for what is no address */
export function createWebhook(
  db: Database,
  wish: { url: string; events?: WebhookEvent[] },
): Webhook {
  const text = wish.url.trim();
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new ConfigError(
      `“${text}” is no address: give one that begins with http:// or https://.`,
    );
  }
  const events = [...new Set(wish.events ?? WEBHOOK_EVENTS)];
  return addWebhook(db, { url: new URL(text).href, events, secret: makeSecret() });
}
