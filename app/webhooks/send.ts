import { fetchOnce } from "../../agent/read/hosts.ts";
import type { ReadLimits } from "../../agent/read/limits.ts";
import type { Delivery, Webhook } from "../../db/webhooks.ts";
import { version } from "../../package.json";
import { signedHeaders } from "./sign.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The waits after attempts that failed; after the last one a message is given up. */
export const WAITS_MS = [
  5 * SECOND,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  24 * HOUR,
] as const;
/** How long an answer may take. */
export const TIMEOUT_MS = 10 * SECOND;

/** How an attempt ended. */
export type Attempt = Pick<Delivery, "state" | "status" | "error"> & { nextAt?: number };

/** Sends a message once; whatever goes wrong is in what is returned. */
export async function attempt(
  webhook: Webhook,
  delivery: Delivery,
  limits: Pick<ReadLimits, "privateHosts">,
  signal: AbortSignal,
): Promise<Attempt> {
  const { id, eventId, webhookId, body } = delivery;
  const message = { id: `msg_${webhookId}_${eventId}`, at: Date.now(), body };
  try {
    const response = await fetchOnce(new URL(webhook.url), {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "user-agent": `Selkie/${version}`,
        ...signedHeaders(webhook.secret, message),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      source: `Webhook ${webhookId}`,
      limits,
    });
    await response.body?.cancel();
    const { status } = response;
    if (status >= 200 && status < 300) return { state: "delivered", status, error: null };
    // Gone, as the specification has it: nothing more is wanted there.
    if (status === 410)
      return { state: "failed", status, error: "The address is gone (HTTP 410)." };
    return again(delivery, status, `The address answered HTTP ${status}.`);
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return again(delivery, null, `Message ${id} was not taken: ${reason}`);
  }
}

function again({ attempts }: Delivery, status: number | null, error: string): Attempt {
  const wait = WAITS_MS[attempts - 1];
  if (wait === undefined) return { state: "failed", status, error };
  return { state: "waiting", status, error, nextAt: Date.now() + wait };
}
