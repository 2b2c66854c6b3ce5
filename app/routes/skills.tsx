/** @jsxImportSource hono/jsx */
import type { Context, Hono } from "hono";
import { forgetSkill, requestSkill } from "../../agent/skills/request.ts";
import { TaskError } from "../../agent/skills/task.ts";
import { useSkill } from "../../agent/skills/use.ts";
import { findSkill, listSkills, type Skill } from "../../db/skills.ts";
import { MAX_TASK, SkillPage, SkillsPage } from "../../views/skills.tsx";
import { RequestError } from "../errors.tsx";
import { type Fields, readFields } from "../fields.ts";
import { page } from "../page.ts";
import type { Site, SiteEnv } from "../site.ts";
import { readTaskText, skillFacts, skillLine } from "../skills.ts";
import { openStream } from "../stream.ts";

/** Tasks that are learned from a handful of examples. */
export function skillRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, home, config } = instance;
  const { model } = config;
  const lines = () => listSkills(db).map((skill) => skillLine(db, skill));
  const named = (c: Context<SiteEnv>): Skill => {
    const skill = findSkill(db, c.req.param("name") ?? "");
    if (skill) return skill;
    throw new RequestError(404, "There is no such skill: the list of skills has them all.");
  };

  app.get("/skills", (c) => {
    c.header("Cache-Control", "no-store");
    return page(c, <SkillsPage skills={lines()} model={model} />);
  });

  app.post("/skills", async (c) => {
    const fields = await readFields(c);
    const [name, task] = [text(fields.name).trim(), await taskText(fields)];
    try {
      requestSkill(db, name, readTaskText(task));
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const refused = { message: error.message, name, task };
      return page(c, <SkillsPage skills={lines()} model={model} refused={refused} />, 422);
    }
    return c.redirect(`/skills/${encodeURIComponent(name)}`, 303);
  });

  app.get("/skills/:name", (c) => {
    c.header("Cache-Control", "no-store");
    return page(c, <SkillPage skill={skillFacts(db, named(c))} model={model} />);
  });

  app.post("/skills/:name/try", async (c) => {
    const skill = named(c);
    const input = text((await readFields(c)).input);
    const signal = openStream(c, site);
    const { trainer, generator } = instance.runtime().context;
    const attempts = await useSkill({ db, home, trainer, generator, signal }, skill, input);
    const tried = { input, attempts };
    return page(c, <SkillPage skill={skillFacts(db, skill)} model={model} tried={tried} />);
  });

  app.post("/skills/:name/remove", (c) => {
    forgetSkill(db, home, named(c));
    return c.redirect("/skills", 303);
  });
}

/** The task that was written, or that of the file. */
async function taskText({ task, file }: Fields): Promise<string> {
  const given = file instanceof File && file.size > 0 ? await file.text() : text(task);
  if (given.length <= MAX_TASK) return given;
  throw new RequestError(413, `A task has at most ${MAX_TASK} characters: leave examples out.`);
}

function text(field: Fields[string] | undefined): string {
  return typeof field === "string" ? field : "";
}
