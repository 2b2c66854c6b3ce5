import type { Hono } from "hono";
import * as v from "valibot";
import { answerReview } from "../../agent/triage/review.ts";
import { correct, markWrong } from "../../agent/use/index.ts";
import { getPassage } from "../../db/passages.ts";
import { getVersion } from "../../db/versions.ts";
import { MAX_QUESTION } from "../../views/ask.tsx";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { learningFacts } from "../facts-learning.ts";
import { setPaused } from "../settings-list.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, found, Id, send, Time, told } from "./route.ts";

const Learning = v.object({
  rest: v.optional(v.object({ reason: v.string(), message: v.string(), until: v.optional(Time) })),
  today: v.object({ updates: v.number(), minutes: v.number() }),
  waiting: v.number(),
  pace: v.object({ arrived: v.number(), dealt: v.number(), hours: v.number() }),
  behindHours: v.nullable(v.number()),
  growing: v.boolean(),
  left: v.record(v.string(), v.number()),
  next: v.array(
    v.object({
      passageId: v.number(),
      title: v.string(),
      priority: v.number(),
      parts: v.array(v.object({ value: v.number(), why: v.string() })),
    }),
  ),
  reviews: v.array(
    v.object({
      passageId: v.number(),
      title: v.string(),
      reason: v.string(),
      source: v.string(),
    }),
  ),
  feedback: v.array(
    v.object({
      id: v.number(),
      kind: v.picklist(["question", "correction", "marked"]),
      question: v.string(),
      answer: v.nullable(v.string()),
      given: v.string(),
      versionId: v.number(),
      times: v.number(),
      at: Time,
      passageId: v.nullable(v.number()),
    }),
  ),
});
const Paused = v.strictObject({ paused: v.boolean() });
const Review = v.strictObject({ learn: v.boolean() });
const Reviewed = v.object({ passage: v.number(), learn: v.boolean() });

const words = v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(MAX_QUESTION));
const Wrong = v.strictObject({
  question: words,
  given: v.pipe(v.string(), v.maxLength(10_000), v.description("What was answered.")),
  version: v.pipe(v.number(), v.integer(), v.minValue(0), v.description("Who answered it.")),
  answer: v.pipe(
    v.optional(words),
    v.description("What is right; without it, the passages are asked for one."),
  ),
});
const Noted = v.object({
  feedback: v.number(),
  passage: v.nullable(v.number()),
  queued: v.boolean(),
  message: v.string(),
});

const tag = "learning";

/** When and what is learned, what waits for a person, and what people say is wrong. */
export function triageApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;

  app.get(
    "/api/learning",
    told({
      summary: "What goes first and why, what waits, what is left out",
      tag,
      scope: "read",
      answer: Learning,
    }),
    allow(site, "read"),
    (c) => {
      const { settings: _, left, ...facts } = learningFacts(db);
      return send(c, Learning, { ...facts, left: { ...left } });
    },
  );

  app.put(
    "/api/learning/paused",
    told({ summary: "Pause learning, or go on", tag, scope: "admin", answer: Paused }),
    allow(site, "admin"),
    checked("json", Paused),
    (c) => {
      const { paused } = c.req.valid("json");
      setPaused(db, paused);
      return send(c, Paused, { paused });
    },
  );

  app.post(
    "/api/passages/:id/review",
    told({
      summary: "Say whether a passage that waits for you is learned",
      tag,
      scope: "write",
      answer: Reviewed,
    }),
    allow(site, "write"),
    checked("param", Id),
    checked("json", Review),
    (c) => {
      const { id } = found(getPassage(db, c.req.valid("param").id), "passage");
      const { learn } = c.req.valid("json");
      if (!answerReview(db, id, learn)) {
        throw new RequestError(
          409,
          `Passage ${id} does not wait: GET /api/learning lists those that do.`,
        );
      }
      return send(c, Reviewed, { passage: id, learn });
    },
  );

  app.post(
    "/api/corrections",
    told({
      summary: "Say that an answer is wrong, and what is right: that is learned",
      tag,
      scope: "write",
      answer: Noted,
    }),
    allow(site, "write"),
    checked("json", Wrong),
    async (c) => {
      const { question, given, version, answer } = c.req.valid("json");
      if (version !== 0) found(getVersion(db, version), "version");
      const said = { question, given, versionId: version, via: "api" } as const;
      const { signal } = c.req.raw;
      const noted =
        answer !== undefined
          ? correct(db, said, answer)
          : await markWrong(db, await site.instance.runtime().context.generator(), said, {
              signal,
            });
      const { feedback, passage, queued, message } = noted;
      return send(c, Noted, {
        feedback: feedback.id,
        passage: passage?.id ?? null,
        queued,
        message,
      });
    },
  );
}
