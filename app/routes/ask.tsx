import { getLogger } from "@logtape/logtape";
import type { Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { findWeights, type Weights } from "../../agent/adapter.ts";
import { askLatest } from "../../agent/ask.ts";
import type { TextGenerator } from "../../agent/generator/types.ts";
import { correct, learnFromQuestion, markWrong } from "../../agent/use/index.ts";
import { Answer, Corrected, MAX_QUESTION, MAX_RIGHT } from "../../views/ask.tsx";
import { ErrorFragment } from "../../views/error.tsx";
import type { AnswerFacts, LookedUpFacts } from "../../views/types.ts";
import { explainError, RequestError } from "../errors.tsx";
import { type Fields, readFields } from "../fields.ts";
import { wantsFragment } from "../page.ts";
import { parseId } from "../params.ts";
import { loadSettings } from "../settings.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { homePage } from "./home.tsx";

const logger = getLogger(["selkie", "http"]);

/** An answer that is being written is shown at most this often, in milliseconds. */
const SHOW_EVERY_MS = 80;

/** Questions, answered from the weights: as they are written, or on a page of their own. */
export function askRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.get("/ask", (c) => c.redirect("/#ask"));
  app.post("/ask", async (c) => {
    const asked = await readQuestion(c);
    const gone = openStream(c, site);
    const streams = c.req.header("accept")?.includes("text/event-stream") === true;
    if (streams) return streamAnswer(c, site, asked, gone);
    const answer = await answerOf(site, asked, gone);
    return homePage(c, site, { answer });
  });
  app.post("/ask/correct", async (c) => {
    const fields = await readFields(c);
    const message = await takeCorrection(site, fields, openStream(c, site));
    if (wantsFragment(c)) return c.html(<Corrected message={message} />);
    return homePage(c, site, { note: { kind: "added", message } });
  });
}

/** A question, and the version that answered those before it; 0 is the untouched base. */
interface Asked {
  question: string;
  began?: number;
}

async function answerOf(
  site: Site,
  { question, began }: Asked,
  signal: AbortSignal,
  show: (facts: AnswerFacts) => void = () => {},
): Promise<AnswerFacts> {
  const { db, home } = site.instance;
  const latest = findWeights(db, home, "latest")!;
  const facts = { question, answer: "", versionId: 0, latestId: latest.version?.id ?? 0, began };
  const onWeights = ({ version }: Weights) => {
    facts.versionId = version?.id ?? 0;
    facts.answer = "";
    show({ ...facts, state: "waiting" });
  };
  onWeights(began === undefined ? latest : (findWeights(db, home, began || "base") ?? latest));
  const generator = await site.instance.runtime().context.generator();
  const onText = (text: string) => {
    facts.answer += text;
    show({ ...facts, state: "writing" });
  };
  const options = { signal, onText, onWeights, ...(began !== undefined && { began }) };
  const { answer } = await askLatest({ db, home }, generator, question, options);
  const done: AnswerFacts = { ...facts, answer, state: "done" };
  // What an earlier version does not know says nothing of what there is to learn.
  const earlier = done.versionId !== facts.latestId;
  if (earlier || !loadSettings(db).learnFromUse) return done;
  show({ ...done, state: "looking" });
  const lookedUp = await lookUp(site, generator, done, signal);
  return { ...done, ...(lookedUp && { lookedUp }) };
}

/** What the passages say to a question; if that fails, the answer of the weights stands all the same. */
async function lookUp(
  { instance: { db } }: Site,
  generator: TextGenerator,
  { question, answer, versionId }: AnswerFacts,
  signal: AbortSignal,
): Promise<LookedUpFacts | undefined> {
  const answered = { question, given: answer, versionId, via: "page" } as const;
  try {
    const found = await learnFromQuestion(db, generator, answered, { signal });
    if (!found) return undefined;
    const { passage, answer: read, known, noted } = found;
    const { id: passageId, title } = passage;
    return { passageId, title, answer: read, known, message: noted?.message };
  } catch (error) {
    logger.warn("Looking up what was asked failed: {error}", { error });
    return undefined;
  }
}

/** What a person says of an answer: what is right, or only that it is wrong. */
async function takeCorrection(site: Site, fields: Fields, signal: AbortSignal): Promise<string> {
  const { db } = site.instance;
  const question = checkedQuestion(fields.question);
  const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");
  const versionId = fields.version === "0" ? 0 : parseId(text(fields.version));
  if (versionId === undefined) throw new RequestError(422, "The answer's version is no number.");
  const given = text(fields.given).slice(0, MAX_QUESTION);
  const answered = { question, given, versionId, via: "page" } as const;
  const right = text(fields.right);
  if (right.length > MAX_RIGHT) {
    throw new RequestError(422, `The right answer is too long: ${MAX_RIGHT} characters at most.`);
  }
  if (right !== "") return correct(db, answered, right).message;
  const generator = await site.instance.runtime().context.generator();
  return (await markWrong(db, generator, answered, { signal })).message;
}

/** Messages that each hold the whole answer so far, so that a missed one does no harm. */
function streamAnswer(c: Context<SiteEnv>, site: Site, asked: Asked, signal: AbortSignal) {
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
      last = String(<Answer answer={await answerOf(site, asked, signal, show)} />);
    } catch (error) {
      const facts = explainError(error, site.instance.home.database);
      last = String(<ErrorFragment error={facts} />);
    }
    await sent.catch(() => {});
    if (!signal.aborted) await stream.writeSSE({ data: last }).catch(() => {});
  });
}

async function readQuestion(c: Context<SiteEnv>): Promise<Asked> {
  const fields = await c.req.parseBody().catch(() => ({}) as Record<string, unknown>);
  const question = checkedQuestion(fields.question);
  const { version, latest } = fields;
  if (typeof version !== "string" || latest === "1") return { question };
  const began = version === "0" ? 0 : parseId(version);
  if (began === undefined) throw new RequestError(422, "The conversation's version is no number.");
  return { question, began };
}

function checkedQuestion(question: unknown): string {
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
