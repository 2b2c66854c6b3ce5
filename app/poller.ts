import { runPoller } from "../agent/sources/poller.ts";
import { OWN_KEY_HEADER } from "./access.ts";
import type { Instance } from "./instance.ts";
import type { SelkieServer } from "./server.tsx";

/** Where the demo's newspaper is on a server. */
export const NEWSPAPER_PATH = "/demo/news.xml";

/**
 * Looks at the instance's sources until the signal aborts.
 * @param server this process's pages, which print the demo's newspaper
 */
export function startPoller(
  instance: Instance,
  server: Pick<SelkieServer, "url" | "ownKey">,
  signal: AbortSignal,
): Promise<void> {
  const { db, config } = instance;
  const base = new URL(server.url);
  // A server that listens everywhere is asked where it surely is.
  if (base.hostname === "0.0.0.0" || base.hostname === "[::]") base.hostname = "127.0.0.1";
  const newspaper = {
    address: new URL(NEWSPAPER_PATH, base).href,
    headers: { [OWN_KEY_HEADER]: server.ownKey },
  };
  return runPoller({ db, limits: config.limits, signal, newspaper });
}
