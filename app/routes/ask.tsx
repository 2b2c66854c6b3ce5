/** @jsxImportSource hono/jsx */
import type { Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import {
  type AskMode,
  type Conversation,
  changeConversation,
  deleteConversation,
  getAnswer,
  getConversation,
  getTurn,
  type Turn,
} from "../../db/conversations.ts";
import { ASK_MODES } from "../../db/schema.ts";
import { BASE_VERSION, getVersion } from "../../db/versions.ts";
import { Corrected, MAX_RIGHT } from "../../views/answer.tsx";
import { AnswerBegins, AnswerGoesOn, MAX_QUESTION } from "../../views/ask.tsx";
import type { TurnFacts } from "../../views/ask-types.ts";
import { MAX_TITLE } from "../../views/ask-words.ts";
import { AskPage, ConversationPage } from "../../views/conversations.tsx";
import { correctAnswer } from "../chat/correct.ts";
import { conversationMarkdown } from "../chat/export.ts";
import { conversationFacts, conversationList } from "../chat/facts.ts";
import { answerTurn, beginConversation, beginTurn } from "../chat/turn.ts";
import { RequestError } from "../errors.tsx";
import { type Fields, readFields } from "../fields.ts";
import { page, wantsFragment } from "../page.ts";
import { parseId } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";

/** An answer that is being written is shown at most this often, in milliseconds. */
const SHOW_EVERY_MS = 80;
const MAX_QUERY = 200;

/** Questions and their answers: as they are written, or on a page of their own; and the conversations kept. */
export function askRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, config } = instance;
  const find = (c: Context<SiteEnv>) => found(site, c.req.param("id"));

  app.get("/ask", (c) => {
    const query = (c.req.query("q") ?? "").trim().slice(0, MAX_QUERY);
    const number = parseId(c.req.query("page") ?? "1") ?? 1;
    c.header("Cache-Control", "no-store");
    const list = conversationList(db, number, query);
    return page(c, <AskPage list={list} model={config.model} />);
  });

  app.post("/ask", async (c) => {
    const fields = await readFields(c);
    const question = checkedQuestion(fields.question);
    const mode = checkedMode(fields.mode);
    const gone = openStream(c, site);
    const conversation =
      text(fields.conversation) === ""
        ? await beginConversation(instance, question)
        : found(site, text(fields.conversation));
    const turn = await beginTurn(site, conversation, { question, mode });
    if (c.req.header("accept")?.includes("text/event-stream")) {
      return streamAnswer(c, site, conversation, turn, gone);
    }
    await answerTurn(site, turn, { via: "page", signal: gone });
    return c.redirect(`/ask/${conversation.id}#turn-${turn.id}`, 303);
  });

  app.get("/ask/:id", (c) => {
    c.header("Cache-Control", "no-store");
    const conversation = conversationFacts(instance, find(c));
    return page(c, <ConversationPage conversation={conversation} model={config.model} />);
  });

  app.get("/ask/:id/export.md", (c) => {
    const conversation = find(c);
    return saved(c, conversation, "md", "text/markdown; charset=utf-8", (facts) =>
      conversationMarkdown(facts),
    );
  });

  app.get("/ask/:id/export.json", (c) => {
    const conversation = find(c);
    return saved(c, conversation, "json", "application/json", (facts) =>
      JSON.stringify(facts, null, 2),
    );
  });

  app.post("/ask/:id/title", async (c) => {
    const { id } = find(c);
    const title = text((await readFields(c)).title);
    if (title === "" || title.length > MAX_TITLE) {
      throw new RequestError(422, `A title has between 1 and ${MAX_TITLE} characters.`);
    }
    changeConversation(db, id, { title });
    return c.redirect(`/ask/${id}`, 303);
  });

  app.post("/ask/:id/version", async (c) => {
    const { id } = find(c);
    const versionId = checkedVersion((await readFields(c)).version);
    if (versionId !== BASE_VERSION && !getVersion(db, versionId)) {
      throw new RequestError(404, "There is no such version: the versions' page has them all.");
    }
    changeConversation(db, id, { versionId });
    return c.redirect(`/ask/${id}`, 303);
  });

  app.post("/ask/:id/delete", (c) => {
    deleteConversation(db, find(c).id);
    return c.redirect("/ask", 303);
  });

  app.post("/ask/correct", async (c) => {
    const fields = await readFields(c);
    const { message, back } = await takeCorrection(site, fields, openStream(c, site));
    if (wantsFragment(c)) return c.html(<Corrected message={message} />);
    return c.redirect(back, 303);
  });

  function saved(
    c: Context<SiteEnv>,
    conversation: Conversation,
    ending: string,
    type: string,
    write: (facts: ReturnType<typeof conversationFacts>) => string,
  ): Response {
    return c.body(write(conversationFacts(instance, conversation)), 200, {
      "Content-Type": type,
      "Content-Disposition": `attachment; filename="selkie-conversation-${conversation.id}.${ending}"`,
      "Cache-Control": "no-store",
    });
  }
}

/** @throws RequestError 404 where there is none */
function found({ instance: { db } }: Site, id: string | undefined): Conversation {
  const number = parseId(id ?? "");
  const conversation = number === undefined ? undefined : getConversation(db, number);
  if (conversation) return conversation;
  throw new RequestError(404, "There is no such conversation: it may have been deleted.");
}

/** What a person says of an answer: what is right, or only that it is wrong. */
async function takeCorrection(
  site: Site,
  fields: Fields,
  signal: AbortSignal,
): Promise<{ message: string; back: string }> {
  const { db } = site.instance;
  const answer = getAnswer(db, parseId(text(fields.answer)) ?? 0);
  const turn = answer && getTurn(db, answer.turnId);
  if (!turn) throw new RequestError(404, "There is no such answer: it may have been deleted.");
  const right = text(fields.right);
  if (right.length > MAX_RIGHT) {
    throw new RequestError(422, `The right answer is too long: ${MAX_RIGHT} characters at most.`);
  }
  const message = await correctAnswer(site, { ...turn, ...answer }, { right, via: "page", signal });
  return { message, back: `/ask/${turn.conversationId}#turn-${turn.id}` };
}

/** Messages that each hold the whole answer so far, so that a missed one does no harm. */
function streamAnswer(
  c: Context<SiteEnv>,
  site: Site,
  conversation: Conversation,
  turn: Turn,
  signal: AbortSignal,
): Response {
  return streamSSE(c, async (stream) => {
    const begins = conversationFacts(site.instance, conversation);
    await stream.writeSSE({ data: String(<AnswerBegins conversation={begins} />) });
    let sent = Promise.resolve();
    let next: TurnFacts | undefined;
    const show = (facts: TurnFacts) => {
      const idle = next === undefined;
      next = facts;
      if (!idle) return;
      sent = sent.then(async () => {
        const data = String(<AnswerGoesOn turn={next!} />);
        next = undefined;
        await stream.writeSSE({ data });
        await stream.sleep(SHOW_EVERY_MS);
      });
    };
    const last = await answerTurn(site, turn, { via: "page", signal, show });
    await sent.catch(() => {});
    if (signal.aborted) return;
    await stream.writeSSE({ data: String(<AnswerGoesOn turn={last} />) }).catch(() => {});
  });
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

function checkedMode(mode: unknown): AskMode {
  const known = ASK_MODES.find((it) => it === (mode ?? "weights"));
  if (known) return known;
  throw new RequestError(422, `The mode must be ${ASK_MODES.join(", ")}.`);
}

function checkedVersion(version: unknown): number {
  const id = text(version) === "0" ? BASE_VERSION : parseId(text(version));
  if (id === undefined) throw new RequestError(422, "The version is no number.");
  return id;
}

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
