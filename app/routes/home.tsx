/** @jsxImportSource hono/jsx */
import type { Context, Hono } from "hono";
import { getJob } from "../../db/jobs.ts";
import { HomePage } from "../../views/home.tsx";
import type { AddNote } from "../../views/types.ts";
import { page } from "../page.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The overview, also as it is after a form was sent without scripts. */
export function homePage(
  c: Context<SiteEnv>,
  site: Site,
  extra: { note?: AddNote } = {},
): Response {
  const { facts, id } = site.board.look();
  c.header("Cache-Control", "no-store");
  return page(
    c,
    <HomePage
      facts={facts}
      stream={`/events?since=${id}`}
      maxBytes={site.instance.config.limits.maxBytes}
      {...extra}
    />,
  );
}

export function homeRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.get("/", (c) => homePage(c, site, { note: noteOf(c, site) }));
}

/** What a redirect after a form left to say: the job is named, never the sentence itself. */
function noteOf(c: Context<SiteEnv>, site: Site): AddNote | undefined {
  const id = Number(c.req.query("queued"));
  const job = Number.isSafeInteger(id) && id > 0 ? getJob(site.instance.db, id) : undefined;
  if (!job) return undefined;
  return addedNote(job.payload.title ?? job.payload.source ?? "It", c.req.query("again") !== "1");
}

/** Says that something is in the queue. */
export function addedNote(what: string, added: boolean): AddNote {
  return added
    ? { kind: "added", message: `Queued: ${what}` }
    : { kind: "duplicate", message: `In the queue already: ${what}` };
}
