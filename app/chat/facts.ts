import {
  type Answer,
  type Conversation,
  type ConversationLine,
  countConversations,
  listConversations,
  listTurns,
  searchConversations,
  type Turn,
} from "../../db/conversations.ts";
import { getFeedback } from "../../db/feedback.ts";
import type { Database } from "../../db/open.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import type {
  AnswerFacts,
  ConversationFacts,
  ConversationList,
  TurnFacts,
  WaitFacts,
} from "../../views/ask-types.ts";
import { nowFacts } from "../facts.ts";
import type { Instance } from "../instance.ts";
import type { Learner } from "../learner.ts";
import { whyNot } from "./why-not.ts";

/** Conversations on one page of the list. */
const PAGE_SIZE = 30;

/** A conversation with everything that was said in it. */
export function conversationFacts(
  instance: Instance,
  conversation: Conversation,
): ConversationFacts {
  const { db } = instance;
  const { id, title, versionId, createdAt } = conversation;
  return {
    ...{ id, title, versionId, at: createdAt },
    latestId: currentVersion(db)?.id ?? BASE_VERSION,
    whyNot: whyNot(instance, versionId),
    turns: listTurns(db, id).map((turn) => turnFacts(db, turn)),
  };
}

/** A question with its answers, as they are stored. */
export function turnFacts(db: Database, turn: Turn): TurnFacts {
  const { id, question, mode, lookedUp, createdAt } = turn;
  return {
    ...{ id, question, mode, at: createdAt },
    answers: turn.answers.map((answer) => answerFacts(db, answer)),
    ...(lookedUp && { lookedUp }),
  };
}

function answerFacts(db: Database, answer: Answer): AnswerFacts {
  const { turnId: _, feedbackId, origin, logprob, error, ...rest } = answer;
  const feedback = feedbackId === null ? undefined : getFeedback(db, feedbackId);
  return {
    ...rest,
    ...(origin && { origin }),
    ...(logprob !== null && { logprob }),
    ...(error !== null && { error }),
    ...(feedback && { right: feedback.answer }),
  };
}

/** One page of the conversations, or those in which some words occur. */
export function conversationList(db: Database, page: number, query = ""): ConversationList {
  const list =
    query === ""
      ? listConversations(db, { limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE })
      : searchConversations(db, query, PAGE_SIZE);
  const total = countConversations(db);
  return {
    query,
    lines: list.map(conversationLine),
    page,
    pages: query === "" ? Math.max(1, Math.ceil(total / PAGE_SIZE)) : 1,
    total,
  };
}

function conversationLine({ id, title, versionId, lastAt, questions, found }: ConversationLine) {
  return { id, title, versionId, at: lastAt, questions, ...(found !== undefined && { found }) };
}

/** What an answer that has not begun waits for. */
export function waitFacts(db: Database, learner: Learner): WaitFacts {
  const { job } = nowFacts(db, learner);
  if (!job) return {};
  const { title, detail, training } = job;
  return { title, detail, ...(training && { secondsLeft: training.secondsLeft }) };
}
