import type { Hono } from "hono";
import * as v from "valibot";
import { describe } from "../../agent/jobs/run.ts";
import { eventsAfter, latestEvents } from "../../db/events.ts";
import { getJob, type Job, listJobs } from "../../db/jobs.ts";
import { JOB_STATES } from "../../db/schema.ts";
import { allow } from "../access.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, found, Id, send, Time, told, whole } from "./route.ts";

const Line = v.object({
  id: v.number(),
  kind: v.string(),
  title: v.string(),
  state: v.picklist(JOB_STATES),
  parentId: v.nullable(v.number()),
  attempts: v.number(),
  error: v.nullable(v.string()),
  result: v.nullable(
    v.object({
      message: v.string(),
      documentIds: v.array(v.number()),
      passageIds: v.array(v.number()),
      added: v.number(),
    }),
  ),
  createdAt: Time,
  startedAt: v.nullable(Time),
  finishedAt: v.nullable(Time),
});
const Lines = v.object({ jobs: v.array(Line) });
const Which = v.object({
  state: v.optional(v.picklist(JOB_STATES), "queued"),
  limit: v.optional(whole(1, 500), "100"),
});

const Events = v.object({
  events: v.array(
    v.object({
      id: v.number(),
      level: v.picklist(["info", "warning", "error"]),
      kind: v.string(),
      message: v.string(),
      jobId: v.nullable(v.number()),
      passageId: v.nullable(v.number()),
      createdAt: Time,
    }),
  ),
});
const Since = v.object({
  after: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
  limit: v.optional(whole(1, 500), "100"),
});

const tag = "jobs";

/** The journal of what is to be done, and the log of what happened. */
export function jobApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const read = allow(site, "read");
  const line = (job: Job) => {
    const { id, kind, state, parentId, attempts, error, result } = job;
    const { createdAt, startedAt, finishedAt } = job;
    const times = { createdAt, startedAt, finishedAt };
    const title = describe(db, job);
    return { id, kind, title, state, parentId, attempts, error, result, ...times };
  };

  app.get(
    "/api/jobs",
    told({ summary: "Jobs of one state", tag, scope: "read", answer: Lines }),
    read,
    checked("query", Which),
    (c) => {
      const { state, limit } = c.req.valid("query");
      return send(c, Lines, { jobs: listJobs(db, state, limit).map(line) });
    },
  );

  app.get(
    "/api/jobs/:id",
    told({ summary: "A job", tag, scope: "read", answer: Line }),
    read,
    checked("param", Id),
    (c) => send(c, Line, line(found(getJob(db, c.req.valid("param").id), "job"))),
  );

  app.get(
    "/api/events",
    told({
      summary: "The log: after an event in order, or the latest first",
      tag,
      scope: "read",
      answer: Events,
    }),
    read,
    checked("query", Since),
    (c) => {
      const { after, limit } = c.req.valid("query");
      const events = after === undefined ? latestEvents(db, limit) : eventsAfter(db, after, limit);
      return send(c, Events, { events });
    },
  );
}
