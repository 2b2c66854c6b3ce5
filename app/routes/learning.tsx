/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { answerReview } from "../../agent/triage/review.ts";
import { LearningPage } from "../../views/learning.tsx";
import { RequestError } from "../errors.tsx";
import { LEARNING_KEYS, learningFacts } from "../facts-learning.ts";
import { readFields } from "../fields.ts";
import { ConfigError } from "../knob.ts";
import { page } from "../page.ts";
import { parseId } from "../params.ts";
import { changeSettings, setPaused } from "../settings-list.ts";
import type { Site, SiteEnv } from "../site.ts";

/** When and what is learned: the queue, what waits for a person, and the settings. */
export function learningRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;

  app.get("/learning", (c) => {
    c.header("Cache-Control", "no-store");
    const saved = c.req.query("saved") === "1";
    const learning = learningFacts(db);
    return page(c, <LearningPage learning={learning} model={config.model} saved={saved} />);
  });

  app.post("/learning", async (c) => {
    const fields = await readFields(c);
    const values: Record<string, string | null> = {};
    for (const key of LEARNING_KEYS) {
      const value = fields[key];
      if (typeof value === "string") values[key] = value.trim() || null;
    }
    try {
      changeSettings(db, values);
    } catch (error) {
      if (error instanceof ConfigError) throw new RequestError(422, error.message);
      throw error;
    }
    return c.redirect("/learning?saved=1#settings", 303);
  });

  app.post("/learning/pause", async (c) => {
    const { pause } = await readFields(c);
    if (pause !== "on" && pause !== "off") {
      throw new RequestError(422, "Nothing was said: pause learning, or let it go on.");
    }
    setPaused(db, pause === "on");
    return c.redirect("/learning", 303);
  });

  app.post("/learning/review", async (c) => {
    const fields = await readFields(c);
    const learn = fields.answer === "yes";
    if (!learn && fields.answer !== "no") {
      throw new RequestError(422, "Nothing was answered: say whether the passages are learned.");
    }
    const ids = [fields.passage ?? []].flat().map((id) => parseId(String(id)));
    for (const id of ids) if (id !== undefined) answerReview(db, id, learn);
    const back = parseId(String(fields.back ?? ""));
    return c.redirect(back === undefined ? "/learning#review" : `/passages/${back}`, 303);
  });
}
