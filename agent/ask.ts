import type { Database } from "../db/open.ts";
import { findWeights, type Weights } from "./adapter.ts";
import { type GenerateOptions, GeneratorError, type TextGenerator } from "./generator/types.ts";
import type { Home } from "./home.ts";
import { closedBook } from "./prompts.ts";
import { soundVersion } from "./versions.ts";

const ANSWER_TOKENS = 96;

export interface AskOptions {
  /** Path of the current version's adapter; none is the untouched base. */
  adapter?: string;
  onText?: (text: string) => void;
  signal?: AbortSignal;
}

/** What a model wrote after a prompt. */
export interface Written {
  text: string;
  /** Mean log-probability of its tokens, in nats; none where it wrote nothing. */
  logprob: number | null;
}

/**
 * Answers a question from the weights alone: no passage is looked up.
 * @throws GeneratorError `prompt-too-long` for a question longer than the model reads
 */
export async function ask(
  generator: TextGenerator,
  question: string,
  options: AskOptions = {},
): Promise<string> {
  return (await writeAnswer(generator, closedBook(oneLine(question)), options)).text;
}

/**
 * Writes the likeliest answer to a prompt that ends with a question's `Answer:`; it has one line.
 * @throws GeneratorError `prompt-too-long`
 */
export async function writeAnswer(
  generator: TextGenerator,
  prompt: string,
  { adapter, onText, signal }: AskOptions = {},
): Promise<Written> {
  let logprob: number | null = null;
  const options: GenerateOptions = {
    onEnd: (_index, end) => {
      logprob = end.logprob ?? null;
    },
    ...(onText && { onText: (_index: number, text: string) => onText(text) }),
    ...(signal && { signal }),
  };
  const request = {
    prompt,
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    stop: ["\n"],
    likelihood: true,
    ...(adapter !== undefined && { adapter }),
  };
  const [answer = ""] = await generator.generate([request], options);
  return { text: answer.trim(), logprob };
}

/** Answers from the version that answers now, see {@link underLatest}. */
export async function askLatest(
  place: { db: Database; home: Home },
  generator: TextGenerator,
  question: string,
  options: Omit<AskOptions, "adapter"> = {},
): Promise<{ answer: string; weights: Weights }> {
  const { result, weights } = await underLatest(place, ({ adapter }) =>
    ask(generator, question, { ...options, ...(adapter && { adapter }) }),
  );
  return { answer: result, weights };
}

/**
 * Works with the version that answers now. One whose adapter cannot be read is refused, see
 * {@link soundVersion}, and the work is done with the one before it.
 */
export async function underLatest<T>(
  { db, home }: { db: Database; home: Home },
  work: (weights: Weights) => Promise<T>,
): Promise<{ result: T; weights: Weights }> {
  for (;;) {
    const weights = findWeights(db, home, "latest")!;
    try {
      return { result: await work(weights), weights };
    } catch (error) {
      const unreadable = error instanceof GeneratorError && error.code === "adapter-unreadable";
      if (!unreadable || (await soundVersion(db, home))?.id === weights.version?.id) throw error;
    }
  }
}

/** A line break would end the question's line, and with it the form that the model knows. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
