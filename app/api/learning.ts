import type { Hono } from "hono";
import * as v from "valibot";
import { updateOverviews } from "../../db/dashboard.ts";
import { getPassage } from "../../db/passages.ts";
import { DECISIONS, STAGES } from "../../db/schema.ts";
import { searchPassages } from "../../db/search.ts";
import { getUpdate } from "../../db/updates.ts";
import { currentVersion } from "../../db/versions.ts";
import { allow } from "../access.ts";
import { passageList, updateLine } from "../facts.ts";
import { candidateLines, passageFacts } from "../facts-passage.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, found, Id, Stretch, send, Time, told, whole } from "./route.ts";

const Exam = v.object({
  accuracy: v.number(),
  logprob: v.pipe(v.number(), v.description("Mean per answer token, in nats.")),
});
const exams = { before: v.optional(Exam), after: v.optional(Exam), now: v.optional(Exam) };
const Kind = v.picklist(["written", "cloze"]);
const PassageLine = v.object({
  id: v.number(),
  title: v.string(),
  documentTitle: v.string(),
  source: v.string(),
  decision: v.picklist(DECISIONS),
  reason: v.optional(v.string()),
  kinds: v.array(Kind),
  probes: v.number(),
  ...exams,
  learning: v.boolean(),
});
const PassageList = v.object({
  passages: v.array(PassageLine),
  total: v.number(),
  documents: v.number(),
});

const Score = v.object({ logprob: v.number(), exact: v.boolean() });
const UpdateLine = v.object({
  id: v.number(),
  passageId: v.number(),
  title: v.string(),
  verdict: v.optional(v.string()),
  reason: v.optional(v.string()),
  gain: v.pipe(
    v.optional(v.number()),
    v.description("Of the winner on the reward probes, in nats per token."),
  ),
  versionId: v.optional(v.number()),
  parentVersionId: v.optional(v.number()),
  current: v.boolean(),
  at: Time,
  seconds: v.optional(v.number()),
});
const Candidate = v.object({
  id: v.number(),
  ordinal: v.number(),
  kind: v.string(),
  origin: v.string(),
  lines: v.array(v.string()),
  reward: v.optional(v.number()),
  losses: v.array(v.number()),
  trainTokens: v.optional(v.number()),
  seconds: v.optional(v.number()),
  winner: v.boolean(),
});
const Update = v.object({
  ...UpdateLine.entries,
  stage: v.picklist(STAGES),
  timing: v.record(v.string(), v.number()),
  candidates: v.array(Candidate),
});
const Updates = v.object({ updates: v.array(UpdateLine) });
const Passage = v.object({
  line: PassageLine,
  text: v.string(),
  position: v.number(),
  siblings: v.number(),
  readAt: Time,
  probes: v.array(
    v.object({
      id: v.number(),
      kind: Kind,
      split: v.picklist(["reward", "report"]),
      question: v.string(),
      answer: v.string(),
      before: v.optional(Score),
      after: v.optional(Score),
      now: v.optional(Score),
    }),
  ),
  updates: v.array(v.object({ ...Update.entries, stage: v.string() })),
});
const Hits = v.object({
  passages: v.array(
    v.object({
      id: v.number(),
      documentId: v.number(),
      title: v.string(),
      text: v.string(),
      decision: v.picklist(DECISIONS),
    }),
  ),
});
const Query = v.object({
  q: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(1000)),
  limit: v.optional(whole(1, 100), "10"),
});
const Latest = v.object({ limit: v.optional(whole(1, 500), "50") });

/** Passages with their probes, and the updates that taught them. */
export function learningApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const read = allow(site, "read");

  app.get(
    "/api/passages",
    told({
      summary: "Passages: the one studied last first, then those that wait",
      tag: "passages",
      scope: "read",
      answer: PassageList,
    }),
    read,
    checked("query", Stretch),
    (c) => {
      const { limit, offset } = c.req.valid("query");
      const { lines, total, documents } = passageList(db, limit, offset);
      return send(c, PassageList, { passages: lines, total, documents });
    },
  );

  app.get(
    "/api/search",
    told({
      summary: "Passages that fit some words best",
      tag: "passages",
      scope: "read",
      answer: Hits,
    }),
    read,
    checked("query", Query),
    (c) => {
      const { q, limit } = c.req.valid("query");
      const passages = searchPassages(db, q, limit).map(
        ({ id, documentId, title, text, decision }) => ({ id, documentId, title, text, decision }),
      );
      return send(c, Hits, { passages });
    },
  );

  app.get(
    "/api/passages/:id",
    told({
      summary: "A passage with its probes and updates",
      tag: "passages",
      scope: "read",
      answer: Passage,
    }),
    read,
    checked("param", Id),
    (c) => send(c, Passage, found(passageFacts(db, c.req.valid("param").id), "passage")),
  );

  app.get(
    "/api/updates",
    told({
      summary: "Updates, the latest first",
      tag: "updates",
      scope: "read",
      answer: Updates,
    }),
    read,
    checked("query", Latest),
    (c) => {
      const current = currentVersion(db)?.id;
      const latest = updateOverviews(db, c.req.valid("query").limit);
      const updates = latest.map((update) => updateLine(update, update.title, current));
      return send(c, Updates, { updates });
    },
  );

  app.get(
    "/api/updates/:id",
    told({
      summary: "An update with its candidates",
      tag: "updates",
      scope: "read",
      answer: Update,
    }),
    read,
    checked("param", Id),
    (c) => {
      const update = found(getUpdate(db, c.req.valid("param").id), "update");
      const title = getPassage(db, update.passageId)?.title ?? "";
      const { stage, timing } = update;
      const candidates = candidateLines(db, update);
      return send(c, Update, {
        ...updateLine(update, title, currentVersion(db)?.id),
        stage,
        timing,
        candidates,
      });
    },
  );
}
