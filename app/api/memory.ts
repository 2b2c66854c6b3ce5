import type { Hono } from "hono";
import * as v from "valibot";
import { requestSweep } from "../../agent/measure/queue.ts";
import { allow } from "../access.ts";
import { memoryHistory, memoryPageFacts } from "../facts-memory.ts";
import type { Site, SiteEnv } from "../site.ts";
import { Queued, queued } from "./queued.ts";
import { send, Time, told } from "./route.ts";

const Estimate = v.object({ mean: v.number(), low: v.number(), high: v.number() });
const Measure = v.object({
  name: v.string(),
  what: v.string(),
  value: v.nullable(Estimate),
  form: v.picklist(["share", "difference"]),
});
const Memory = v.object({
  latest: v.optional(
    v.object({
      version: v.number(),
      at: Time,
      kind: v.picklist(["sample", "sweep"]),
      population: v.number(),
      asked: v.number(),
      seconds: v.number(),
      passages: v.object({ learned: v.number(), known: v.number(), rejected: v.number() }),
      measures: v.array(Measure),
      control: v.array(Measure),
      perplexity: v.nullable(v.number()),
      kl: v.nullable(v.number()),
      halfLife: v.nullable(Estimate),
      ages: v.array(
        v.object({ from: v.number(), to: v.number(), probes: v.number(), kept: Estimate }),
      ),
      believed: v.nullable(Estimate),
    }),
  ),
  beliefs: v.array(
    v.object({
      question: v.string(),
      answer: v.string(),
      said: v.string(),
      probability: v.number(),
    }),
  ),
  gates: v.array(
    v.object({
      updateId: v.number(),
      passageId: v.number(),
      title: v.string(),
      verdict: v.picklist(["commit", "rescale", "reject"]),
      scale: v.number(),
      reason: v.string(),
      oldLoss: v.optional(v.number()),
      asked: v.optional(v.number()),
      baseLoss: v.optional(v.number()),
      at: Time,
    }),
  ),
  reviews: v.object({ due: v.number(), next: v.nullable(Time) }),
  rehearsals: v.number(),
});
const History = v.object({
  curves: v.array(
    v.object({
      label: v.string(),
      points: v.array(v.object({ version: v.number(), value: v.nullable(v.number()) })),
    }),
  ),
});
const Matrix = v.object({
  rows: v.array(v.object({ updateId: v.nullable(v.number()), label: v.string() })),
  columns: v.array(v.object({ passageId: v.number(), label: v.string() })),
  values: v.array(v.array(v.nullable(v.number()))),
});

const tag = "memory";

/** What is remembered, over the versions. */
export function memoryApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const read = allow(site, "read");

  app.get(
    "/api/memory",
    told({
      summary: "What is kept, what it cost the base, what the gate decided",
      tag,
      scope: "read",
      answer: Memory,
    }),
    read,
    (c) => {
      const { latest, beliefs, gates, reviews, rehearsals } = memoryPageFacts(db);
      const facts = { beliefs, gates, reviews, rehearsals, ...(latest && { latest }) };
      return send(c, Memory, facts);
    },
  );

  app.get(
    "/api/memory/history",
    told({ summary: "The measures over the versions", tag, scope: "read", answer: History }),
    read,
    (c) => {
      const curves = memoryHistory(db).map(({ label, values }) => ({
        label,
        points: values.map(([version, value]) => ({ version, value })),
      }));
      return send(c, History, { curves });
    },
  );

  app.get(
    "/api/memory/matrix",
    told({
      summary: "R[t, i]: accuracy on each passage under each version",
      tag,
      scope: "read",
      answer: Matrix,
    }),
    read,
    async (c) => {
      const { rows, columns, values } = await site.board.memory.matrix();
      return send(c, Matrix, { rows, columns, values });
    },
  );

  app.post(
    "/api/memory/sweep",
    told({ summary: "Ask every question now", tag, scope: "write", answer: Queued, status: 202 }),
    allow(site, "write"),
    (c) => send(c, Queued, queued(requestSweep(db)), 202),
  );
}
