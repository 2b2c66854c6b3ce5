import type { GenerateOptions, TextGenerator } from "./generator/types.ts";
import { closedBook } from "./prompts.ts";

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

/** A line break would end the question's line, and with it the form that the model knows. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
