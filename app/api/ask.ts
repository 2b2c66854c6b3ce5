import type { Hono } from "hono";
import * as v from "valibot";
import { findWeights, parseWhich } from "../../agent/adapter.ts";
import { ask, askLatest } from "../../agent/ask.ts";
import { MAX_QUESTION } from "../../views/ask.tsx";
import { allow } from "../access.ts";
import type { Instance } from "../instance.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { checked, found, send, told } from "./route.ts";

export const Question = v.strictObject({
  question: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(MAX_QUESTION)),
  version: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^(?:base|latest|[1-9]\d{0,8})$/)), "latest"),
    v.description("base, latest or a version's number."),
  ),
});
export const Answer = v.object({
  question: v.string(),
  answer: v.string(),
  version: v.pipe(v.number(), v.description("The version that answered; 0 is the base.")),
});

/** Answers a question from the weights alone. @throws RequestError 404 for a version that is not there */
export async function answerQuestion(
  instance: Instance,
  { question, version }: v.InferOutput<typeof Question>,
  signal: AbortSignal,
): Promise<v.InferOutput<typeof Answer>> {
  const { db, home } = instance;
  const weights = found(findWeights(db, home, parseWhich(version)!), "version");
  const generator = await instance.runtime().context.generator();
  if (version === "latest") {
    const { answer, weights: used } = await askLatest({ db, home }, generator, question, {
      signal,
    });
    return { question, answer, version: used.version?.id ?? 0 };
  }
  const { adapter } = weights;
  const answer = await ask(generator, question, { signal, ...(adapter && { adapter }) });
  return { question, answer, version: weights.version?.id ?? 0 };
}

/** A question, answered from the weights. */
export function askApi(app: Hono<SiteEnv>, site: Site): void {
  app.post(
    "/api/ask",
    told({
      summary: "Ask a question: nothing is looked up",
      tag: "ask",
      scope: "chat",
      answer: Answer,
    }),
    allow(site, "chat"),
    checked("json", Question),
    async (c) => {
      const gone = openStream(c, site);
      return send(c, Answer, await answerQuestion(site.instance, c.req.valid("json"), gone));
    },
  );
}
