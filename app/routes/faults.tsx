/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { FaultsPage } from "../../views/faults.tsx";
import { faultsFacts } from "../facts-faults.ts";
import { page } from "../page.ts";
import type { Site, SiteEnv } from "../site.ts";

/** What went wrong lately, and what was done about it. */
export function faultRoutes(app: Hono<SiteEnv>, { instance }: Site): void {
  app.get("/faults", (c) => {
    c.header("Cache-Control", "no-store");
    return page(c, <FaultsPage faults={faultsFacts(instance)} model={instance.config.model} />);
  });
}
