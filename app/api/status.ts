import type { Hono } from "hono";
import * as v from "valibot";
import { countPassages } from "../../db/passages.ts";
import { currentVersion } from "../../db/versions.ts";
import { allow } from "../access.ts";
import { backupState } from "../archive/schedule.ts";
import type { Site, SiteEnv } from "../site.ts";
import { send, Time, told } from "./route.ts";

const figure = v.nullable(v.number());
const Status = v.object({
  model: v.object({ name: v.string(), embedded: v.boolean() }),
  version: v.pipe(v.nullable(v.number()), v.description("Null is the untouched base.")),
  loop: v.picklist(["here", "elsewhere", "stopped"]),
  problem: v.nullable(v.string()),
  jobs: v.object({
    queued: v.number(),
    running: v.number(),
    done: v.number(),
    failed: v.number(),
  }),
  running: v.nullable(v.looseObject({ title: v.string(), stage: v.string(), detail: v.string() })),
  backup: v.object({
    last: v.pipe(v.nullable(Time), v.description("When the last good one was made.")),
    problem: v.nullable(v.string()),
  }),
  documents: v.number(),
  passages: v.record(v.string(), v.number()),
  metrics: v.object({ acc: figure, bwt: figure, forgetting: figure, netGain: figure }),
});

/** What it is doing. */
export function statusApi(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;

  app.get(
    "/api/status",
    told({ summary: "What it is doing", tag: "status", scope: "read", answer: Status }),
    allow(site, "read"),
    (c) => {
      const { now, memory, passages } = site.board.look().facts;
      const { name, embedded } = config.model;
      return send(c, Status, {
        model: { name, embedded },
        version: currentVersion(db)?.id ?? null,
        loop: now.loop,
        problem: now.problem ?? null,
        jobs: { queued: now.queued, running: now.running, done: now.done, failed: now.failed },
        running: now.job ? { ...now.job } : null,
        backup: backupState(db),
        documents: passages.documents,
        passages: countPassages(db),
        metrics: memory.metrics,
      });
    },
  );
}
