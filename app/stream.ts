import type { Context } from "hono";
import type { Site, SiteEnv } from "./site.ts";

/**
 * Prepares a request for an answer that takes its time, and returns the signal of its end: the
 * browser went away, or the server stops.
 */
export function openStream(c: Context<SiteEnv>, site: Site): AbortSignal {
  // Bun ends what has been silent for ten seconds.
  c.env.server?.timeout(c.req.raw, 0);
  // Proxies that gather answers would hold everything back.
  c.header("X-Accel-Buffering", "no");
  return AbortSignal.any([c.req.raw.signal, site.signal]);
}
