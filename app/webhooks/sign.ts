import { createHmac, randomBytes } from "node:crypto";

/** What secrets begin with; base64 follows. */
const PREFIX = "whsec_";

/** Makes a secret that both sides know. */
export function makeSecret(): string {
  return PREFIX + randomBytes(32).toString("base64");
}

/**
 * The headers of a message, after the Standard Webhooks specification (standardwebhooks.com): an id that is
 * the same at every attempt, the time of this one, and HMAC-SHA-256 over both and the body.
 * @param at milliseconds since 1970
 */
export function signedHeaders(
  secret: string,
  message: { id: string; at: number; body: string },
): Record<string, string> {
  const { id, body } = message;
  const timestamp = String(Math.floor(message.at / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}
