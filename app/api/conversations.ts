import type { Hono } from "hono";
import * as v from "valibot";
import {
  changeConversation,
  countConversations,
  deleteConversation,
  getConversation,
  listConversations,
  searchConversations,
} from "../../db/conversations.ts";
import { ANSWER_ORIGINS, ANSWER_STATES, ARMS, ASK_MODES } from "../../db/schema.ts";
import { BASE_VERSION, getVersion } from "../../db/versions.ts";
import { MAX_TITLE } from "../../views/ask-words.ts";
import { allow } from "../access.ts";
import { conversationMarkdown } from "../chat/export.ts";
import { conversationFacts } from "../chat/facts.ts";
import { answerTurn, beginConversation, beginTurn } from "../chat/turn.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { Question } from "./ask.ts";
import { checked, found, Id, Stretch, send, Time, told } from "./route.ts";

const versionId = v.pipe(v.number(), v.description("The version that answers; 0 is the base."));
const logprob = v.pipe(v.number(), v.description("Mean over the answer's tokens, in nats."));

const Answer = v.object({
  id: v.number(),
  arm: v.pipe(
    v.picklist(ARMS),
    v.description("The untouched base's, the version's own, or its with a passage open."),
  ),
  versionId,
  state: v.picklist(ANSWER_STATES),
  text: v.string(),
  origin: v.optional(v.picklist(ANSWER_ORIGINS)),
  logprob: v.optional(logprob),
  passages: v.array(
    v.object({
      passageId: v.number(),
      title: v.string(),
      source: v.pipe(v.boolean(), v.description("Whether the answer stands in it.")),
    }),
  ),
  probes: v.pipe(
    v.array(
      v.object({
        passageId: v.number(),
        title: v.string(),
        question: v.string(),
        answer: v.string(),
        result: v.optional(v.object({ versionId: v.number(), exact: v.boolean(), logprob })),
      }),
    ),
    v.description("Exam questions that cover what was asked."),
  ),
  error: v.optional(v.string()),
  right: v.pipe(
    v.optional(v.nullable(v.string())),
    v.description("Set once it was called wrong: what is right, where somebody said so."),
  ),
});
const Turn = v.object({
  id: v.number(),
  question: v.string(),
  mode: v.picklist(ASK_MODES),
  at: Time,
  answers: v.array(Answer),
  lookedUp: v.optional(
    v.object({
      passageId: v.number(),
      title: v.string(),
      answer: v.string(),
      known: v.boolean(),
      message: v.optional(v.string()),
    }),
  ),
});
const Conversation = v.object({
  id: v.number(),
  title: v.string(),
  versionId,
  latestId: v.pipe(v.number(), v.description("The version that answers new conversations.")),
  whyNot: v.pipe(v.optional(v.string()), v.description("Why its version cannot answer any more.")),
  at: Time,
  turns: v.array(Turn),
});
const List = v.object({
  total: v.number(),
  conversations: v.array(
    v.object({
      id: v.number(),
      title: v.string(),
      versionId,
      questions: v.number(),
      lastAt: Time,
      found: v.pipe(v.optional(v.string()), v.description("The words around what was found.")),
    }),
  ),
});
const Listed = v.object({
  ...Stretch.entries,
  q: v.pipe(v.optional(v.string()), v.description("Words that were said, all of them.")),
});
const Asked = v.strictObject({
  question: Question.entries.question,
  mode: v.optional(v.picklist(ASK_MODES), "weights"),
});
const Change = v.strictObject({
  title: v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(MAX_TITLE))),
  version: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(BASE_VERSION))),
    v.description("The version that answers from now on; 0 is the base."),
  ),
});
const Deleted = v.object({ deleted: v.number() });

const tag = "conversations";

/** Questions with where their answers come from, kept as conversations. */
export function conversationApi(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db } = instance;
  const chat = allow(site, "chat");
  const find = (id: number) => found(getConversation(db, id), "conversation");

  app.get(
    "/api/conversations",
    told({
      summary: "Conversations, the latest first; or those in which some words were said",
      tag,
      scope: "chat",
      answer: List,
    }),
    chat,
    checked("query", Listed),
    (c) => {
      const { q, limit, offset } = c.req.valid("query");
      const list =
        q === undefined
          ? listConversations(db, { limit, offset })
          : searchConversations(db, q, limit);
      return send(c, List, {
        total: countConversations(db),
        conversations: list.map(({ createdAt: _, ...line }) => line),
      });
    },
  );

  app.post(
    "/api/conversations",
    told({
      summary: "Begin a conversation with a question, which is answered",
      tag,
      scope: "chat",
      answer: Conversation,
      status: 201,
    }),
    chat,
    checked("json", Asked),
    async (c) => {
      const asked = c.req.valid("json");
      const signal = openStream(c, site);
      const conversation = await beginConversation(instance, asked.question);
      const turn = await beginTurn(site, conversation, asked);
      await answerTurn(site, turn, { via: "api", signal });
      return send(c, Conversation, conversationFacts(instance, conversation), 201);
    },
  );

  app.get(
    "/api/conversations/:id",
    told({ summary: "One conversation", tag, scope: "chat", answer: Conversation }),
    chat,
    checked("param", Id),
    (c) => send(c, Conversation, conversationFacts(instance, find(c.req.valid("param").id))),
  );

  app.get(
    "/api/conversations/:id/markdown",
    told({
      summary: "One conversation as Markdown",
      tag,
      scope: "chat",
      answer: v.string(),
      media: "text/markdown",
    }),
    chat,
    checked("param", Id),
    (c) => {
      const facts = conversationFacts(instance, find(c.req.valid("param").id));
      const type = { "Content-Type": "text/markdown; charset=utf-8" };
      return c.body(conversationMarkdown(facts), 200, { ...type, "Cache-Control": "no-store" });
    },
  );

  app.post(
    "/api/conversations/:id/questions",
    told({
      summary: "Ask the next question: the conversation's own version answers",
      tag,
      scope: "chat",
      answer: Turn,
      status: 201,
    }),
    chat,
    checked("param", Id),
    checked("json", Asked),
    async (c) => {
      const conversation = find(c.req.valid("param").id);
      const signal = openStream(c, site);
      const turn = await beginTurn(site, conversation, c.req.valid("json"));
      return send(c, Turn, await answerTurn(site, turn, { via: "api", signal }), 201);
    },
  );

  app.patch(
    "/api/conversations/:id",
    told({
      summary: "Rename a conversation, or let another version answer in it",
      tag,
      scope: "chat",
      answer: Conversation,
    }),
    chat,
    checked("param", Id),
    checked("json", Change),
    (c) => {
      const { id } = find(c.req.valid("param").id);
      const { title, version } = c.req.valid("json");
      if (version !== undefined && version !== BASE_VERSION) {
        found(getVersion(db, version), "version");
      }
      changeConversation(db, id, {
        ...(title !== undefined && { title }),
        ...(version !== undefined && { versionId: version }),
      });
      return send(c, Conversation, conversationFacts(instance, find(id)));
    },
  );

  app.delete(
    "/api/conversations/:id",
    told({ summary: "Delete a conversation", tag, scope: "chat", answer: Deleted }),
    chat,
    checked("param", Id),
    (c) => {
      const { id } = find(c.req.valid("param").id);
      deleteConversation(db, id);
      return send(c, Deleted, { deleted: id });
    },
  );
}
