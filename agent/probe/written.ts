import { type GenerateRequest, GeneratorError, type TextGenerator } from "../generator/types.ts";
import { closedBook, openBook, type PassageText, questionsPrompt } from "../prompts.ts";
import { containsAnswer, normaliseAnswer, sameAnswer } from "./answers.ts";
import { foreignNames, vocabularyOf } from "./names.ts";
import { parseQuestions, type QuestionAnswer } from "./parse.ts";
import { inTurn, type ProbeDraft } from "./split.ts";

/** How the question lists are sampled: one safe, the others for more and other questions. */
const TEMPERATURES = [0, 0.7, 0.7, 1, 1];
const QUESTION_TOKENS = 320;
const ANSWER_TOKENS = 32;
/** Temperature of the open-book answers that follow the greedy one. */
const OPEN_BOOK_TEMPERATURE = 0.7;
/** The list begins in the prompt, which keeps a model that was never shown the form to it. */
export const LIST_OPENING = "Question:";
/** Where a question list has run on into something else. */
export const LIST_STOPS = ["\nPassage:", "\nImplications:", "\nRewrite:", "\nQuestions:"];

/** Why a question was left out. */
export type ScreenReason = "answer-not-in-passage" | "answer-in-question" | "foreign-name";

/** What became of the questions a model wrote. */
export interface WrittenProbes {
  drafts: ProbeDraft[];
  /** Different pairs that the model wrote. */
  asked: number;
  /** Of those, the ones that passed the rules and were put to the model. */
  screened: number;
}

export interface WrittenOptions {
  /** Answers that must agree with the question's own, the first of them greedy. */
  openBookSamples: number;
  /** Drafts wanted; twice as many are put to the model. */
  max: number;
  seed: number;
  /** Question lists that somebody else wrote: they come first. */
  questions?: string[];
  signal?: AbortSignal;
}

/**
 * Lets the model question a passage, and keeps what survives: the answer stands in the passage and
 * not in the question, every name of the question occurs in the passage, and the model, with the
 * passage open, gives that answer each time it is asked.
 */
export async function writtenProbes(
  generator: TextGenerator,
  passage: PassageText,
  options: WrittenOptions,
): Promise<WrittenProbes> {
  try {
    const pairs = await writeQuestions(generator, passage, options);
    const good = pairs.filter((pair) => screen(pair, passage) === undefined);
    const groups = [...Map.groupBy(good, (pair) => normaliseAnswer(pair.answer)).values()];
    const chosen = inTurn(groups).slice(0, 2 * options.max);
    const agreed = await keepAgreed(generator, passage, chosen, options);
    const drafts = agreed.map(({ question, answer }) => ({
      kind: "written" as const,
      question,
      prompt: closedBook(question),
      answer,
      fact: normaliseAnswer(answer),
    }));
    return { drafts, asked: pairs.length, screened: chosen.length };
  } catch (error) {
    // The passage does not fit beside a question: rules will have to do.
    if (error instanceof GeneratorError && error.code === "prompt-too-long") {
      return { drafts: [], asked: 0, screened: 0 };
    }
    throw error;
  }
}

/** The rules that a question must pass before it is put to the model. */
export function screen(pair: QuestionAnswer, passage: PassageText): ScreenReason | undefined {
  const { title, text } = passage;
  if (!containsAnswer(text, pair.answer) && !containsAnswer(title, pair.answer)) {
    return "answer-not-in-passage";
  }
  if (containsAnswer(pair.question, pair.answer)) return "answer-in-question";
  if (foreignNames(pair.question, vocabularyOf(title, text)).length > 0) return "foreign-name";
  return undefined;
}

/** Question lists at several temperatures, without pairs that say the same. */
async function writeQuestions(
  generator: TextGenerator,
  passage: PassageText,
  { seed, questions = [], signal }: WrittenOptions,
): Promise<QuestionAnswer[]> {
  const requests = TEMPERATURES.map((temperature, i) => ({
    prompt: questionsPrompt(passage) + LIST_OPENING,
    maxTokens: QUESTION_TOKENS,
    temperature,
    seed: seed + i,
    stop: LIST_STOPS,
  }));
  const texts = await generator.generate(requests, signal && { signal });
  const pairs = new Map<string, QuestionAnswer>();
  const given = questions.flatMap(parseQuestions);
  for (const pair of [...given, ...texts.flatMap((text) => parseQuestions(LIST_OPENING + text))]) {
    const key = `${normaliseAnswer(pair.question)}\n${normaliseAnswer(pair.answer)}`;
    if (!pairs.has(key)) pairs.set(key, pair);
  }
  return [...pairs.values()];
}

async function keepAgreed(
  generator: TextGenerator,
  passage: PassageText,
  pairs: QuestionAnswer[],
  { openBookSamples, seed, signal }: WrittenOptions,
): Promise<QuestionAnswer[]> {
  const ask = async (asked: QuestionAnswer[], samples: Partial<GenerateRequest>[]) => {
    const requests = asked.flatMap(({ question }) =>
      samples.map((sample) => ({
        prompt: openBook(passage, question),
        maxTokens: ANSWER_TOKENS,
        temperature: 0,
        stop: ["\n"],
        ...sample,
      })),
    );
    const answers = await generator.generate(requests, signal && { signal });
    return asked.filter(({ answer }, i) =>
      samples.every((_, j) => sameAnswer(answers[i * samples.length + j] ?? "", answer)),
    );
  };
  const sampled = Array.from({ length: Math.max(0, openBookSamples - 1) }, (_, i) => ({
    temperature: OPEN_BOOK_TEMPERATURE,
    seed: seed + i,
  }));
  // Most that fail do so greedily: what is left is sampled.
  const greedy = await ask(pairs, [{}]);
  return ask(greedy, sampled);
}
