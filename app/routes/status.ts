import type { Hono } from "hono";
import { countPassages } from "../../db/passages.ts";
import { currentVersion } from "../../db/versions.ts";
import type { Site, SiteEnv } from "../site.ts";

/** For programs: whether it is up, and what it is doing. */
export function statusRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;

  app.get("/healthz", (c) => {
    db.$client.prepare("SELECT 1").get();
    return c.json({ status: "ok" });
  });

  app.get("/api/status", (c) => {
    const { now, memory, passages } = site.board.look().facts;
    const { name, embedded } = config.model;
    return c.json({
      model: { name, embedded },
      version: currentVersion(db)?.id ?? null,
      loop: now.loop,
      problem: now.problem ?? null,
      jobs: { queued: now.queued, running: now.running, done: now.done, failed: now.failed },
      running: now.job ?? null,
      documents: passages.documents,
      passages: countPassages(db),
      metrics: memory.metrics,
    });
  });
}
