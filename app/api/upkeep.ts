import type { Hono } from "hono";
import * as v from "valibot";
import { unlearnPassage, unlearnSource } from "../../agent/lineage/unlearn.ts";
import {
  type Requested,
  requestRebuild,
  requestSleep,
  stopRefit,
} from "../../agent/refit/request.ts";
import { getVersion } from "../../db/versions.ts";
import { allow } from "../access.ts";
import { refitFacts } from "../facts-lineage.ts";
import type { Site, SiteEnv } from "../site.ts";
import { Queued } from "./queued.ts";
import { checked, found, Id, send, Time, told } from "./route.ts";

const Asked = v.object({
  refit: v.pipe(v.number(), v.description("Its number: see /api/refits.")),
  ...Queued.entries,
});
const Stand = v.object({ logprob: v.number(), exact: v.boolean() });
const Refit = v.object({
  refit: v.object({
    id: v.number(),
    name: v.string(),
    verdict: v.optional(v.string()),
    reason: v.optional(v.string()),
    keep: v.pipe(v.number(), v.description("Passages that it is fitted on.")),
    drop: v.pipe(v.number(), v.description("Passages that it leaves out.")),
    at: Time,
    seconds: v.number(),
    versionId: v.optional(v.number()),
  }),
  proof: v.pipe(
    v.array(
      v.object({
        passageId: v.number(),
        title: v.string(),
        question: v.string(),
        answer: v.string(),
        base: v.optional(Stand),
        before: v.optional(Stand),
        after: v.optional(Stand),
      }),
    ),
    v.description("How what was unlearned was answered before, after, and by the base."),
  ),
});
const What = v.union(
  [
    v.strictObject({ source: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    v.strictObject({ passage: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
  ],
  "Give either a source or a passage, by its number.",
);
const Unlearned = v.object({
  dropped: v.pipe(v.number(), v.description("Passages that waited to be learned, and do not now.")),
  request: v.nullable(Asked),
});
const Stopped = v.object({ stopped: v.boolean() });

const tag = "upkeep";

/** Sleep, unlearning, and making a version again: fits from the base, each with its progress and result. */
export function upkeepApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const admin = allow(site, "admin");
  const asked = ({ refit, jobId, added }: Requested) => ({ refit: refit.id, job: jobId, added });

  app.post(
    "/api/sleep",
    told({
      summary: "Fit one adapter on everything that is known",
      tag,
      scope: "admin",
      answer: Asked,
      status: 202,
    }),
    admin,
    (c) => send(c, Asked, asked(requestSleep(db)), 202),
  );

  app.post(
    "/api/unlearn",
    told({
      summary: "Unlearn what a source or a passage taught",
      tag,
      scope: "admin",
      answer: Unlearned,
      status: 202,
    }),
    admin,
    checked("json", What),
    (c) => {
      const what = c.req.valid("json");
      const { dropped, request } =
        "source" in what
          ? found(unlearnSource(db, what.source), "source")
          : found(unlearnPassage(db, what.passage), "passage");
      return send(c, Unlearned, { dropped, request: request ? asked(request) : null }, 202);
    },
  );

  app.post(
    "/api/versions/:id/rebuild",
    told({
      summary: "Make a version again from study lines",
      tag,
      scope: "admin",
      answer: Asked,
      status: 202,
    }),
    admin,
    checked("param", Id),
    (c) => {
      const { id } = found(getVersion(db, c.req.valid("param").id), "version");
      return send(c, Asked, asked(requestRebuild(db, id)), 202);
    },
  );

  app.get(
    "/api/refits/:id",
    told({ summary: "A fit from the base", tag, scope: "read", answer: Refit }),
    allow(site, "read"),
    checked("param", Id),
    (c) => {
      const { id } = c.req.valid("param");
      return send(c, Refit, found(refitFacts(db, id, site.learner), "refit"));
    },
  );

  app.post(
    "/api/refits/:id/stop",
    told({ summary: "Stop a fit: everything stays", tag, scope: "admin", answer: Stopped }),
    admin,
    checked("param", Id),
    (c) => {
      const { id } = c.req.valid("param");
      found(refitFacts(db, id), "refit");
      return send(c, Stopped, { stopped: stopRefit(db, id) });
    },
  );
}
