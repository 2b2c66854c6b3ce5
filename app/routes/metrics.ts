import type { Hono } from "hono";
import { allow } from "../access.ts";
import { createMetrics } from "../metrics.ts";
import type { Site, SiteEnv } from "../site.ts";

/** Figures for Prometheus. */
export function metricsRoutes(app: Hono<SiteEnv>, site: Site): void {
  const registry = createMetrics(site.instance.db, site.learner);
  app.get("/metrics", allow(site, "read"), async (c) =>
    c.body(await registry.metrics(), 200, { "Content-Type": registry.contentType }),
  );
}
