import type { Hono } from "hono";
import type { Site, SiteEnv } from "../site.ts";

/** For whoever watches over processes: whether it is up. */
export function statusRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;

  app.get("/healthz", (c) => {
    db.$client.prepare("SELECT 1").get();
    return c.json({ status: "ok" });
  });
}
