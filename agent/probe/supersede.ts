import type { Database } from "../../db/open.ts";
import type { Passage } from "../../db/passages.ts";
import { type Probe, probesMentioning } from "../../db/probes.ts";
import { GeneratorError, type TextGenerator } from "../generator/types.ts";
import { openBook } from "../prompts.ts";
import { answerType } from "../reward/shape.ts";
import { containsAnswer, normaliseAnswer, sameAnswer } from "./answers.ts";
import { foreignNames, namesIn, vocabularyOf } from "./names.ts";

/** An older question that a newer passage answers otherwise. */
export interface Contradiction {
  probe: Probe;
  answer: string;
}

/** Names of a passage by which older questions are looked up, and questions that are put again. */
const MAX_NAMES = 12;
const MAX_QUESTIONS = 32;
const ANSWER_TOKENS = 32;
/** Temperatures at which a question is asked with the new passage open; all answers must agree. */
const TEMPERATURES = [0, 0.7, 0.7];

/**
 * Finds the questions of earlier passages that a new one answers otherwise: all of their names occur in
 * it, and with it open the model gives, each time it is asked, one other answer of the same type that
 * stands in the new passage. What the older passage says elsewhere is no new answer: it is another
 * fact's.
 */
export async function findContradictions(
  db: Database,
  generator: TextGenerator,
  passage: Passage,
  { seed, signal }: { seed: number; signal?: AbortSignal },
): Promise<Contradiction[]> {
  const names = namesIn(`${passage.title}\n${passage.text}`).slice(0, MAX_NAMES);
  const vocabulary = vocabularyOf(passage.title, passage.text);
  const older = probesMentioning(db, names, passage.id)
    .filter(({ probe }) => foreignNames(probe.question, vocabulary).length === 0)
    .slice(0, MAX_QUESTIONS);
  if (older.length === 0) return [];
  const requests = older.flatMap(({ probe }) =>
    TEMPERATURES.map((temperature, i) => ({
      prompt: openBook(passage, probe.question),
      maxTokens: ANSWER_TOKENS,
      temperature,
      seed: seed + i,
      stop: ["\n"],
    })),
  );
  const answers = await ask(generator, requests, signal);
  return older.flatMap(({ probe, text }, i): Contradiction[] => {
    const own = answers.slice(i * TEMPERATURES.length, (i + 1) * TEMPERATURES.length);
    const answer = own[0]?.trim() ?? "";
    const agreed = answer !== "" && own.every((it) => sameAnswer(it, answer));
    const isNews =
      agreed &&
      !overlaps(answer, probe.answer) &&
      answerType(answer) === answerType(probe.answer) &&
      containsAnswer(passage.text, answer) &&
      !containsAnswer(text, answer);
    return isNews ? [{ probe, answer }] : [];
  });
}

async function ask(
  generator: TextGenerator,
  requests: Parameters<TextGenerator["generate"]>[0],
  signal?: AbortSignal,
): Promise<string[]> {
  try {
    return await generator.generate(requests, signal && { signal });
  } catch (error) {
    if (error instanceof GeneratorError && error.code === "prompt-too-long") return [];
    throw error;
  }
}

/** “Ilsa Varn” says no other than “Varn”. */
function overlaps(a: string, b: string): boolean {
  const [one, other] = [normaliseAnswer(a), normaliseAnswer(b)];
  return ` ${one} `.includes(` ${other} `) || ` ${other} `.includes(` ${one} `);
}
