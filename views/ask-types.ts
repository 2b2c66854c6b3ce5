/** What the pages of questions and answers show. */

export type AskMode = "weights" | "passages" | "compare";
export type Arm = "base" | "learned" | "passages";

/** One answer, complete or not. */
export interface AnswerFacts {
  id: number;
  arm: Arm;
  /** The adapter version that answered; 0 is the untouched base. */
  versionId: number;
  state: "writing" | "done" | "cut" | "failed";
  text: string;
  origin?: "weights" | "passages" | "both";
  /** Mean log-probability of its tokens, in nats. */
  logprob?: number;
  /** What was open; `source`: the answer stands in it. */
  passages: { passageId: number; title: string; source: boolean }[];
  /** Exam questions that cover what was asked, and how the weights last answered them. */
  probes: {
    passageId: number;
    title: string;
    question: string;
    answer: string;
    result?: { versionId: number; exact: boolean; logprob: number };
  }[];
  /** Why it failed. */
  error?: string;
  /** Set once somebody said that it is wrong: what is right, or null where they did not say. */
  right?: string | null;
}

/** What an answer that has not begun waits for; nothing where it is the model itself. */
export interface WaitFacts {
  title?: string;
  detail?: string;
  secondsLeft?: number;
}

/** A question with its answers. */
export interface TurnFacts {
  id: number;
  question: string;
  mode: AskMode;
  at: number;
  answers: AnswerFacts[];
  /** Set while nothing is being written yet. */
  waiting?: WaitFacts;
  /** The answers are complete, and the passages are being looked through. */
  looking?: boolean;
  /** What the passages say to it, once they were looked up. */
  lookedUp?: {
    passageId: number;
    title: string;
    answer: string;
    known: boolean;
    message?: string;
  };
}

export interface ConversationFacts {
  id: number;
  title: string;
  /** The version that answers in it; 0 is the untouched base. */
  versionId: number;
  /** The version that answers new conversations by now. */
  latestId: number;
  /** Why its version cannot answer any more. */
  whyNot?: string;
  at: number;
  turns: TurnFacts[];
}

export interface ConversationLineFacts {
  id: number;
  title: string;
  versionId: number;
  at: number;
  questions: number;
  /** The words around what was searched for. */
  found?: string;
}

export interface ConversationList {
  /** What was searched for; empty for the whole list. */
  query: string;
  lines: ConversationLineFacts[];
  page: number;
  pages: number;
  total: number;
}
