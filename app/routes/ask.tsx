import type { Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { findWeights, type Weights } from "../../agent/adapter.ts";
import { askLatest } from "../../agent/ask.ts";
import { Answer, MAX_QUESTION } from "../../views/ask.tsx";
import { ErrorFragment } from "../../views/error.tsx";
import type { AnswerFacts } from "../../views/types.ts";
import { explainError, RequestError } from "../errors.tsx";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { homePage } from "./home.tsx";

/** An answer that is being written is shown at most this often, in milliseconds. */
const SHOW_EVERY_MS = 80;

/** Questions, answered from the weights: as they are written, or on a page of their own. */
export function askRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.get("/ask", (c) => c.redirect("/#ask"));
  app.post("/ask", async (c) => {
    const question = await readQuestion(c);
    const gone = openStream(c, site);
    const streams = c.req.header("accept")?.includes("text/event-stream") === true;
    if (streams) return streamAnswer(c, site, question, gone);
    const answer = await answerOf(site, question, gone);
    return homePage(c, site, { answer });
  });
}

async function answerOf(
  site: Site,
  question: string,
  signal: AbortSignal,
  show: (facts: AnswerFacts) => void = () => {},
): Promise<AnswerFacts> {
  const { db, home } = site.instance;
  const facts = { question, answer: "", versionId: 0 };
  const onWeights = ({ version }: Weights) => {
    facts.versionId = version?.id ?? 0;
    facts.answer = "";
    show({ ...facts, state: "waiting" });
  };
  onWeights(findWeights(db, home, "latest")!);
  const generator = await site.instance.runtime().context.generator();
  const onText = (text: string) => {
    facts.answer += text;
    show({ ...facts, state: "writing" });
  };
  const options = { signal, onText, onWeights };
  const { answer } = await askLatest({ db, home }, generator, question, options);
  return { ...facts, answer, state: "done" };
}

/** Messages that each hold the whole answer so far, so that a missed one does no harm. */
function streamAnswer(c: Context<SiteEnv>, site: Site, question: string, signal: AbortSignal) {
  return streamSSE(c, async (stream) => {
    let sent = Promise.resolve();
    let next: AnswerFacts | undefined;
    const show = (facts: AnswerFacts) => {
      const idle = next === undefined;
      next = facts;
      if (!idle) return;
      sent = sent.then(async () => {
        const data = String(<Answer answer={next!} />);
        next = undefined;
        await stream.writeSSE({ data });
        await stream.sleep(SHOW_EVERY_MS);
      });
    };
    let last: string;
    try {
      last = String(<Answer answer={await answerOf(site, question, signal, show)} />);
    } catch (error) {
      const facts = explainError(error, site.instance.home.database);
      last = String(<ErrorFragment error={facts} />);
    }
    await sent.catch(() => {});
    if (!signal.aborted) await stream.writeSSE({ data: last }).catch(() => {});
  });
}

async function readQuestion(c: Context<SiteEnv>): Promise<string> {
  const fields = await c.req.parseBody().catch(() => ({}) as Record<string, unknown>);
  const { question } = fields;
  if (typeof question !== "string" || question.trim() === "") {
    throw new RequestError(422, "There is no question: ask one.");
  }
  if (question.length > MAX_QUESTION) {
    throw new RequestError(
      422,
      `The question is too long: ask in at most ${MAX_QUESTION.toLocaleString("en")} characters.`,
    );
  }
  return question.trim();
}
