/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { requestRound } from "../../agent/writer/queue.ts";
import { BASE_POLICY, getPolicy, usePolicy } from "../../db/policies.ts";
import { RoundPage, WriterPage } from "../../views/writer.tsx";
import { RequestError } from "../errors.tsx";
import { roundFacts, writerFacts } from "../facts-writer.ts";
import { page } from "../page.ts";
import { parseId } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The writer of edits, its rounds, and the way back. */
export function writerRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;

  app.get("/writer", (c) => {
    c.header("Cache-Control", "no-store");
    return page(c, <WriterPage writer={writerFacts(db)} model={config.model} />);
  });

  app.get("/writer/rounds/:id", (c) => {
    const id = parseId(c.req.param("id"));
    const facts = id === undefined ? undefined : roundFacts(db, id);
    if (!facts)
      throw new RequestError(404, "There is no such round: the writer's page has them all.");
    return page(c, <RoundPage {...facts} model={config.model} />);
  });

  app.post("/writer/rounds", (c) => {
    requestRound(db);
    return c.redirect("/writer", 303);
  });

  app.post("/writer/policy", async (c) => {
    const { policy } = await c.req.parseBody();
    const id = policy === "0" ? BASE_POLICY : parseId(String(policy));
    if (id === undefined || (id !== BASE_POLICY && !getPolicy(db, id))) {
      throw new RequestError(422, "There is no such policy: the writer's page has them all.");
    }
    usePolicy(db, id);
    return c.redirect("/writer", 303);
  });
}
