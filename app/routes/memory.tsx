/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { requestSweep } from "../../agent/measure/queue.ts";
import { historyPicture } from "../../views/charts/history.ts";
import { MemoryPage } from "../../views/memory-page.tsx";
import { memoryHistory, memoryPageFacts } from "../facts-memory.ts";
import { page, picture } from "../page.ts";
import { themeOf } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

/** What is remembered, over the versions, and the request to ask everything. */
export function memoryRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;

  app.get("/memory", (c) => {
    c.header("Cache-Control", "no-store");
    return page(c, <MemoryPage memory={memoryPageFacts(db)} model={config.model} />);
  });

  app.get("/memory/history.svg", (c) => picture(c, historyPicture(memoryHistory(db), themeOf(c))));

  app.post("/memory/sweep", (c) => {
    requestSweep(db);
    return c.redirect("/memory", 303);
  });
}
