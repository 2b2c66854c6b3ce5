import type { Database } from "../../db/open.ts";
import type { Passage } from "../../db/passages.ts";
import { searchPassages } from "../../db/search.ts";
import { GeneratorError, type TextGenerator } from "../generator/types.ts";
import { containsAnswer, sameAnswer } from "../probe/answers.ts";
import { foreignNames, vocabularyOf } from "../probe/names.ts";
import { screen } from "../probe/written.ts";
import { openBook } from "../prompts.ts";

/** Passages that are looked at, and of those, the ones that are put to the model. */
const SEARCHED = 10;
const OPENED = 3;
const ANSWER_TOKENS = 32;
/** Longer answers are no probes. */
const MAX_ANSWER_WORDS = 10;
/** Temperatures at which a question is asked with a passage open; all answers must agree. */
const TEMPERATURES = [0, 0.7, 0.7];

/** A passage that answers a question. */
export interface Found {
  passage: Passage;
  answer: string;
}

/**
 * Looks for a passage that answers a question, as an exam's probes are checked: every name of the question
 * occurs in it, and with it open the untouched model gives, each time it is asked, one answer that stands in it.
 * @throws GeneratorError when the model cannot be asked
 */
export async function lookUp(
  db: Database,
  generator: TextGenerator,
  question: string,
  { seed = 1, signal }: { seed?: number; signal?: AbortSignal } = {},
): Promise<Found | undefined> {
  for (const passage of passagesToOpen(db, question)) {
    const answer = await agreed(generator, passage, question, seed, signal);
    if (answer === undefined || answer.split(/\s+/).length > MAX_ANSWER_WORDS) continue;
    if (screen({ question, answer }, passage) === undefined) return { passage, answer };
  }
  return undefined;
}

/** The passage that an answer to a question stands in, as far as words tell; nothing where none does. */
export function passageStating(
  db: Database,
  question: string,
  answer: string,
): Passage | undefined {
  return passagesNaming(db, question, `${question} ${answer}`).find(
    ({ title, text }) => containsAnswer(text, answer) || containsAnswer(title, answer),
  );
}

/** The few passages that are most likely to answer a question: all its names occur in each of them. */
export function passagesToOpen(db: Database, question: string): Passage[] {
  return passagesNaming(db, question, question).slice(0, OPENED);
}

/** The passages that fit some words best, among those in which all names of a question occur. */
export function passagesNaming(db: Database, question: string, words: string): Passage[] {
  return searchPassages(db, words, SEARCHED).filter(
    ({ title, text }) => foreignNames(question, vocabularyOf(title, text)).length === 0,
  );
}

async function agreed(
  generator: TextGenerator,
  passage: Passage,
  question: string,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const requests = TEMPERATURES.map((temperature, i) => ({
    prompt: openBook(passage, question),
    maxTokens: ANSWER_TOKENS,
    temperature,
    seed: seed + i,
    stop: ["\n"],
  }));
  try {
    const [answer = "", ...others] = await generator.generate(requests, signal && { signal });
    const said = answer.trim();
    return said !== "" && others.every((it) => sameAnswer(it, said)) ? said : undefined;
  } catch (error) {
    // A passage that does not fit beside the question cannot be opened.
    if (error instanceof GeneratorError && error.code === "prompt-too-long") return undefined;
    throw error;
  }
}
