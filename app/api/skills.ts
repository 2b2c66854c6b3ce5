import type { Hono } from "hono";
import * as v from "valibot";
import { forgetSkill, requestSkill } from "../../agent/skills/request.ts";
import { parseTask } from "../../agent/skills/task.ts";
import { useSkill } from "../../agent/skills/use.ts";
import { SKILL_STATES, TASK_FORMATS } from "../../db/schema.ts";
import { findSkill, listSkills } from "../../db/skills.ts";
import { allow } from "../access.ts";
import type { Site, SiteEnv } from "../site.ts";
import { readTaskText, skillFacts, skillLine } from "../skills.ts";
import { openStream } from "../stream.ts";
import { checked, found, send, Time, told } from "./route.ts";

const MAX_TEXT = 1_000_000;
const Name = v.object({ name: v.string() });
const share = v.optional(v.number());
const Line = v.object({
  name: v.string(),
  state: v.picklist(SKILL_STATES),
  format: v.picklist(TASK_FORMATS),
  examples: v.number(),
  reason: v.optional(v.string()),
  inContext: v.pipe(share, v.description("Share of the examples held out, in context.")),
  best: v.pipe(share, v.description("The same with the best recipe so far.")),
  at: Time,
});
const attempts = v.array(v.object({ output: v.string(), votes: v.number() }));
const Whole = v.object({
  ...Line.entries,
  train: v.array(v.object({ input: v.string(), output: v.string() })),
  tests: v.array(v.object({ input: v.string(), output: v.nullable(v.string()), attempts })),
  invalid: v.number(),
  trials: v.array(
    v.object({
      recipe: v.string(),
      exact: v.number(),
      logprob: v.number(),
      seconds: v.number(),
      bounded: v.boolean(),
      diverged: v.boolean(),
      chosen: v.boolean(),
    }),
  ),
});
const New = v.strictObject({
  name: v.string(),
  task: v.pipe(
    v.union([v.pipe(v.string(), v.maxLength(MAX_TEXT)), v.record(v.string(), v.unknown())]),
    v.description("ARC's `{ train, test }`, or examples as text."),
  ),
});
const Input = v.strictObject({ input: v.pipe(v.string(), v.maxLength(MAX_TEXT)) });
const List = v.object({ skills: v.array(Line) });
const Attempts = v.object({ attempts });
const Removed = v.object({ removed: v.string() });

const tag = "skills";

/** Tasks that are learned from a handful of examples. */
export function skillApi(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, home } = instance;
  const named = (name: string) => found(findSkill(db, name), "skill");

  app.get(
    "/api/skills",
    told({ summary: "All skills", tag, scope: "read", answer: List }),
    allow(site, "read"),
    (c) => send(c, List, { skills: listSkills(db).map((skill) => skillLine(db, skill)) }),
  );

  app.post(
    "/api/skills",
    told({ summary: "Learn a task", tag, scope: "write", answer: Line, status: 202 }),
    allow(site, "write"),
    checked("json", New),
    (c) => {
      const { name, task } = c.req.valid("json");
      const parsed = typeof task === "string" ? readTaskText(task) : parseTask(task);
      return send(c, Line, skillLine(db, requestSkill(db, name, parsed).skill), 202);
    },
  );

  app.get(
    "/api/skills/:name",
    told({ summary: "A skill and its recipes", tag, scope: "read", answer: Whole }),
    allow(site, "read"),
    checked("param", Name),
    (c) => send(c, Whole, skillFacts(db, named(c.req.valid("param").name))),
  );

  app.post(
    "/api/skills/:name/try",
    told({ summary: "What a skill makes of an input", tag, scope: "chat", answer: Attempts }),
    allow(site, "chat"),
    checked("param", Name),
    checked("json", Input),
    async (c) => {
      const signal = openStream(c, site);
      const { trainer, generator } = instance.runtime().context;
      const skill = named(c.req.valid("param").name);
      const context = { db, home, trainer, generator, signal };
      const given = await useSkill(context, skill, c.req.valid("json").input);
      return send(c, Attempts, { attempts: given });
    },
  );

  app.delete(
    "/api/skills/:name",
    told({ summary: "Forget a skill", tag, scope: "write", answer: Removed }),
    allow(site, "write"),
    checked("param", Name),
    (c) => {
      const { name } = c.req.valid("param");
      forgetSkill(db, home, named(name));
      return send(c, Removed, { removed: name });
    },
  );
}
