/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { HomeParts } from "../../views/home.tsx";
import { isStillIn } from "../access.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";

/** A line is sent at least this often, or proxies and browsers would give up. In milliseconds. */
const HEARTBEAT_MS = 15_000;

/**
 * The overview's refreshes. Each message is unnamed, so that htmx puts it in place, and has an id:
 * a page that was in the background comes back with the last one it saw.
 */
export function eventRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.get("/events", (c) => {
    const { board } = site;
    const gone = openStream(c, site);
    let seen = c.req.header("last-event-id") ?? c.req.query("since");
    return streamSSE(c, async (stream) => {
      const unwatch = board.watch();
      try {
        await stream.write("retry: 1000\n: hello\n\n");
        while (!gone.aborted && !stream.aborted && isStillIn(c, site)) {
          const change = board.since(seen);
          if (change) {
            seen = change.id;
            const data = String(<HomeParts facts={change.facts} parts={change.parts} />);
            await stream.writeSSE({ data, id: change.id });
          } else {
            await stream.write(": still here\n\n");
          }
          await board.change(seen, HEARTBEAT_MS);
        }
      } catch {
        // The connection is gone, or the database is not to be read: the page comes back by itself.
      } finally {
        unwatch();
      }
    });
  });
}
