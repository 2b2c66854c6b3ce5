import type { Database } from "../db/open.ts";
import { BASE_VERSION } from "../db/versions.ts";
import { findWeights, type Weights } from "./adapter.ts";
import { type GenerateOptions, GeneratorError, type TextGenerator } from "./generator/types.ts";
import type { Home } from "./home.ts";
import { closedBook } from "./prompts.ts";
import { checkVersion, soundVersion } from "./versions.ts";

const ANSWER_TOKENS = 96;

export interface AskOptions {
  /** Path of the current version's adapter; none is the untouched base. */
  adapter?: string;
  onText?: (text: string) => void;
  signal?: AbortSignal;
}

/**
 * Answers a question from the weights alone: no passage is looked up.
 * @throws GeneratorError `prompt-too-long` for a question longer than the model reads
 */
export async function ask(
  generator: TextGenerator,
  question: string,
  { adapter, onText, signal }: AskOptions = {},
): Promise<string> {
  const options: GenerateOptions = {
    ...(onText && { onText: (_index: number, text: string) => onText(text) }),
    ...(signal && { signal }),
  };
  const request = {
    prompt: closedBook(oneLine(question)),
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    stop: ["\n"],
    ...(adapter !== undefined && { adapter }),
  };
  const [answer = ""] = await generator.generate([request], options);
  return answer.trim();
}

/**
 * Answers from the version that answers now, see {@link underLatest}.
 * @param began the version that a conversation began with, 0 being the base: it goes on answering
 * @param onWeights told whose answer begins, before it does
 */
export async function askLatest(
  place: { db: Database; home: Home },
  generator: TextGenerator,
  question: string,
  options: Omit<AskOptions, "adapter"> & {
    began?: number;
    onWeights?: (weights: Weights) => void;
  } = {},
): Promise<{ answer: string; weights: Weights }> {
  const { onWeights, began, ...rest } = options;
  const answer = (now: Weights) => {
    onWeights?.(now);
    const { adapter } = now;
    return ask(generator, question, { ...rest, ...(adapter && { adapter }) });
  };
  const { result, weights } = await underLatest(place, answer, began);
  return { answer: result, weights };
}

/**
 * Works with the version that answers now, or with the one that a conversation began with while that
 * can answer. One whose adapter cannot be read is refused, see {@link soundVersion}, and the work is done
 * with the one before it.
 */
export async function underLatest<T>(
  { db, home }: { db: Database; home: Home },
  work: (weights: Weights) => Promise<T>,
  began?: number,
): Promise<{ result: T; weights: Weights }> {
  for (let kept = began; ; kept = undefined) {
    const weights = (await weightsOf(db, home, kept)) ?? findWeights(db, home, "latest")!;
    try {
      return { result: await work(weights), weights };
    } catch (error) {
      const unreadable = error instanceof GeneratorError && error.code === "adapter-unreadable";
      if (!unreadable) throw error;
      const other = kept !== undefined && weights.version?.id === kept;
      if (!other && (await soundVersion(db, home))?.id === weights.version?.id) throw error;
    }
  }
}

/** The weights that a conversation began with, if they can still answer. */
async function weightsOf(db: Database, home: Home, began: number | undefined) {
  if (began === undefined) return undefined;
  if (began === BASE_VERSION) return findWeights(db, home, "base");
  return (await checkVersion(db, home, began)) ? findWeights(db, home, began) : undefined;
}

/** A line break would end the question's line, and with it the form that the model knows. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
