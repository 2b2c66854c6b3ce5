import type { Hono } from "hono";
import type { Site, SiteEnv } from "../site.ts";

/** For whoever watches over processes, without a sign-in: nothing is told but whether all is well. */
export function statusRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;

  /** It is up: it answers, and has its database. If not, begin it again. */
  app.get("/healthz", (c) => {
    db.$client.prepare("SELECT 1").get();
    return c.json({ status: "ok" });
  });

  /** It does its work. If not, something is to be put right: the pages and `selkie doctor` say what. */
  app.get("/readyz", (c) => {
    c.header("Cache-Control", "no-store");
    const { phase } = site.learner.state();
    const ready = !site.signal.aborted && phase !== "stopped" && phase !== "paused";
    return c.json({ status: ready ? "ready" : "not ready", learning: phase }, ready ? 200 : 503);
  });
}
