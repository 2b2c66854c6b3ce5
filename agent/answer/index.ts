import type { Answer, Arm, AskMode, CoveringProbe, OpenedPassage } from "../../db/conversations.ts";
import type { Database } from "../../db/open.ts";
import type { Passage } from "../../db/passages.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import { oneLine, type Written, writeAnswer } from "../ask.ts";
import { conversationPrompt } from "../conversation.ts";
import { GeneratorError, type TextGenerator } from "../generator/types.ts";
import { containsAnswer } from "../probe/answers.ts";
import { openBook } from "../prompts.ts";
import { passagesToOpen } from "../use/look-up.ts";
import { coveringProbes } from "./cover.ts";

/** A question that was answered earlier in the same conversation. */
export interface Exchange {
  question: string;
  answer: string;
}

/** What is asked, and of whom. */
export interface Asked {
  question: string;
  /** What was said before, the oldest first; empty for a model that answers single questions. */
  history: Exchange[];
  /** 0 is the untouched base. */
  versionId: number;
  /** Path of the version's adapter; none for the base. */
  adapter?: string;
}

export interface Hooks {
  signal?: AbortSignal;
  onText?: (text: string) => void;
  /** Another passage is opened: what was written with the one before is thrown away. */
  onOpen?: () => void;
}

/** An answer with where it comes from. */
export interface Sourced extends Written {
  origin: NonNullable<Answer["origin"]>;
  passages: OpenedPassage[];
  probes: CoveringProbe[];
}

const ASKED_OF: Record<AskMode, readonly Arm[]> = {
  weights: ["learned"],
  passages: ["learned", "passages"],
  compare: ["learned", "passages", "base"],
};

/**
 * Who is asked, by how a question is to be answered; the weights' own answer comes first. Where the untouched base
 * answers anyhow, it is not asked twice.
 */
export function askedOf(mode: AskMode, versionId: number): { arm: Arm; versionId: number }[] {
  return ASKED_OF[mode]
    .filter((arm) => arm !== "base" || versionId !== BASE_VERSION)
    .map((arm) => ({ arm, versionId: arm === "base" ? BASE_VERSION : versionId }));
}

/**
 * Answers from the weights, with every passage closed, and names the exam questions that cover what was asked.
 * @throws GeneratorError
 */
export async function answerFromWeights(
  db: Database,
  generator: TextGenerator,
  asked: Asked,
  hooks: Hooks = {},
): Promise<Sourced> {
  const { question, versionId } = asked;
  const written = await write(generator, asked, conversationOf, hooks);
  const probes = coveringProbes(db, question, written.text, versionId);
  return { ...written, origin: "weights", passages: [], probes };
}

/**
 * Answers with a passage open, one after another of those that fit best, until the answer stands in the one that is
 * open. Where none fits, or the answer stands in none, it comes from the weights.
 * @param closed what the same weights said with every passage closed
 * @throws GeneratorError
 */
export async function answerWithPassages(
  db: Database,
  generator: TextGenerator,
  asked: Asked,
  closed: Written,
  hooks: Hooks = {},
): Promise<Sourced> {
  const opened: (Written & { passage: Passage; source: boolean })[] = [];
  for (const passage of passagesToOpen(db, asked.question)) {
    hooks.onOpen?.();
    const written = await withPassage(generator, asked, passage, hooks);
    if (!written) continue;
    const source = [passage.text, passage.title].some((it) => containsAnswer(it, written.text));
    opened.push({ ...written, passage, source });
    if (source) break;
  }
  const best = opened.find(({ source }) => source) ?? opened[0] ?? closed;
  const known = containsAnswer(closed.text, best.text) || containsAnswer(best.text, closed.text);
  const stated = opened.some(({ source }) => source);
  return {
    text: best.text,
    logprob: best.logprob,
    origin: stated ? (known ? "both" : "passages") : "weights",
    passages: opened.map(({ passage: { id, title }, source }) => ({
      passageId: id,
      title,
      source,
    })),
    probes: [],
  };
}

/** Nothing where the passage does not fit beside the question. */
async function withPassage(
  generator: TextGenerator,
  asked: Asked,
  passage: Passage,
  hooks: Hooks,
): Promise<Written | undefined> {
  const promptOf = ({ question, history }: Asked) =>
    earlier(history) + openBook(passage, oneLine(question));
  try {
    return await write(generator, asked, promptOf, hooks);
  } catch (error) {
    if (isTooLong(error)) return undefined;
    throw error;
  }
}

/** What was said before is left out, the older half first, until the rest fits. */
async function write(
  generator: TextGenerator,
  asked: Asked,
  promptOf: (asked: Asked) => string,
  { signal, onText }: Hooks,
): Promise<Written> {
  const { adapter } = asked;
  const options = {
    ...(adapter && { adapter }),
    ...(signal && { signal }),
    ...(onText && { onText }),
  };
  for (let { history } = asked; ; history = history.slice(Math.ceil(history.length / 2))) {
    try {
      return await writeAnswer(generator, promptOf({ ...asked, history }), options);
    } catch (error) {
      if (!isTooLong(error) || history.length === 0) throw error;
    }
  }
}

/**
 * What was said before stands before the question, as questions and answers in the form that adapters are trained on:
 * a model's own chat template would be a form in which none of them was ever trained or examined.
 */
function conversationOf({ question, history }: Asked): string {
  return conversationPrompt([...turnsOf(history), { role: "user", content: question }]);
}

function earlier(history: Exchange[]): string {
  return history.length === 0 ? "" : `${conversationPrompt(turnsOf(history))}\n`;
}

function turnsOf(history: Exchange[]) {
  return history.flatMap(({ question, answer }) => [
    { role: "user" as const, content: question },
    { role: "assistant" as const, content: answer },
  ]);
}

function isTooLong(error: unknown): boolean {
  return error instanceof GeneratorError && error.code === "prompt-too-long";
}
