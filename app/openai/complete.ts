import { findWeights, type Weights, type Which } from "../../agent/adapter.ts";
import { underLatest } from "../../agent/ask.ts";
import type { GenerateRequest, GenerationEnd } from "../../agent/generator/types.ts";
import type { Version } from "../../db/versions.ts";
import type { Site } from "../site.ts";
import type { ChatRequest, CompletionRequest } from "./schemas.ts";

/** Tokens of an answer where the request does not say. */
const DEFAULT_TOKENS = 512;

/** One answer, and how it ended. */
export interface Choice {
  text: string;
  end: GenerationEnd;
}

/** What is told while answers are written. */
export interface Watcher {
  /** Whose answer begins; may come again, before any text, where an adapter could not be read. */
  onVersion?(version: Version | undefined): void;
  onText?(index: number, text: string): void;
  onEnd?(index: number, end: GenerationEnd): void;
}

type Sampling = Omit<GenerateRequest, "prompt" | "adapter" | "stop">;

/** How to sample, of what a request says. By itself an answer is the likeliest one: what is known. */
export function samplingOf(request: ChatRequest | CompletionRequest): Sampling {
  const { temperature, top_p, seed, max_tokens } = request;
  const limit = ("max_completion_tokens" in request && request.max_completion_tokens) || max_tokens;
  return {
    maxTokens: typeof limit === "number" ? limit : DEFAULT_TOKENS,
    temperature: temperature ?? 0,
    ...(typeof top_p === "number" && { topP: top_p }),
    ...(typeof seed === "number" && { seed }),
  };
}

/** The strings that end an answer. */
export function stopsOf({ stop }: ChatRequest | CompletionRequest): string[] {
  return [stop ?? []].flat().filter((text) => text !== "");
}

/** Each prompt several times; with a seed, each time with the next. */
export function repeated(
  prompts: string[],
  times: number,
  sampling: Sampling,
  stop: string[],
): GenerateRequest[] {
  return prompts.flatMap((prompt) =>
    Array.from({ length: times }, (_, i) => ({
      ...sampling,
      prompt,
      stop,
      ...(sampling.seed !== undefined && { seed: sampling.seed + i }),
    })),
  );
}

/**
 * Has a version, or the one that answers now, complete prompts.
 * @throws GeneratorError
 */
export async function complete(
  site: Site,
  which: Which,
  requests: GenerateRequest[],
  signal: AbortSignal,
  watcher: Watcher = {},
): Promise<{ choices: Choice[]; version: Version | undefined }> {
  const { db, home } = site.instance;
  const generator = await site.instance.runtime().context.generator();
  const write = async ({ adapter, version }: Weights) => {
    watcher.onVersion?.(version);
    const ends: GenerationEnd[] = [];
    const texts = await generator.generate(
      requests.map((request) => ({ ...request, ...(adapter && { adapter }) })),
      {
        signal,
        ...(watcher.onText && { onText: (index, text) => watcher.onText?.(index, text) }),
        onEnd: (index, end) => {
          ends[index] = end;
          watcher.onEnd?.(index, end);
        },
      },
    );
    return texts.map((text, index) => ({ text, end: ends[index]! }));
  };
  if (which === "latest") {
    const { result, weights } = await underLatest({ db, home }, write);
    return { choices: result, version: weights.version };
  }
  const weights = findWeights(db, home, which)!;
  return { choices: await write(weights), version: weights.version };
}

/** The tokens of a request, as OpenAI's interface counts them: a prompt once, however often it is answered. */
export function usageOf(ends: GenerationEnd[], times: number) {
  const prompt_tokens = ends
    .filter((_, index) => index % times === 0)
    .reduce((sum, end) => sum + end.promptTokens, 0);
  const completion_tokens = ends.reduce((sum, end) => sum + end.tokens, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
