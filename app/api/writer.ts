import type { Hono } from "hono";
import * as v from "valibot";
import { requestRound } from "../../agent/writer/queue.ts";
import { BASE_POLICY, currentPolicyId, getPolicy, usePolicy } from "../../db/policies.ts";
import { allow } from "../access.ts";
import { roundFacts, writerFacts } from "../facts-writer.ts";
import type { Site, SiteEnv } from "../site.ts";
import { Queued, queued } from "./queued.ts";
import { checked, found, Id, send, Time, told } from "./route.ts";

const Round = v.object({
  id: v.number(),
  verdict: v.optional(v.picklist(["adopt", "reject", "failed"])),
  stage: v.picklist(["train", "try", "done"]),
  reason: v.optional(v.string()),
  policyId: v.number(),
  newPolicyId: v.optional(v.number()),
  trained: v.number(),
  tried: v.number(),
  trial: v.optional(
    v.object({
      passages: v.number(),
      before: v.number(),
      after: v.number(),
      low: v.number(),
      high: v.number(),
      p: v.number(),
    }),
  ),
  at: Time,
  seconds: v.optional(v.number()),
});
const Writer = v.object({
  policyId: v.pipe(v.number(), v.description("Who writes now; 0 is the untouched base.")),
  policies: v.array(
    v.object({ id: v.number(), parentId: v.number(), roundId: v.number(), at: Time }),
  ),
  collected: v.object({
    fresh: v.number(),
    wanted: v.number(),
    edits: v.number(),
    winners: v.number(),
  }),
  rounds: v.boolean(),
  history: v.array(Round),
  kinds: v.array(
    v.object({
      kind: v.string(),
      origin: v.string(),
      edits: v.number(),
      reward: v.number(),
      best: v.number(),
    }),
  ),
});
const edits = v.array(v.object({ kind: v.string(), lines: v.array(v.string()), gain: v.number() }));
const WholeRound = v.object({
  round: Round,
  trials: v.array(
    v.object({ passageId: v.number(), title: v.string(), before: edits, after: edits }),
  ),
});
const Policy = v.strictObject({ policyId: v.pipe(v.number(), v.integer(), v.minValue(0)) });

const tag = "writer";

/** Who writes the study lines, its rounds, and the way back. */
export function writerApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const read = allow(site, "read");
  const admin = allow(site, "admin");

  app.get(
    "/api/writer",
    told({
      summary: "Who writes, and what its rounds brought",
      tag,
      scope: "read",
      answer: Writer,
    }),
    read,
    (c) => send(c, Writer, writerFacts(db)),
  );

  app.get(
    "/api/writer/rounds/:id",
    told({ summary: "A round and both writers' edits", tag, scope: "read", answer: WholeRound }),
    read,
    checked("param", Id),
    (c) => send(c, WholeRound, found(roundFacts(db, c.req.valid("param").id), "round")),
  );

  app.post(
    "/api/writer/rounds",
    told({ summary: "Begin a round", tag, scope: "admin", answer: Queued, status: 202 }),
    admin,
    (c) => send(c, Queued, queued(requestRound(db)), 202),
  );

  app.put(
    "/api/writer/policy",
    told({ summary: "Let another policy write", tag, scope: "admin", answer: Policy }),
    admin,
    checked("json", Policy),
    (c) => {
      const { policyId } = c.req.valid("json");
      if (policyId !== BASE_POLICY) found(getPolicy(db, policyId), "policy");
      usePolicy(db, policyId);
      return send(c, Policy, { policyId: currentPolicyId(db) });
    },
  );
}
