import { randomUUID } from "node:crypto";
import type { GenerationEnd } from "../../agent/generator/types.ts";

/** How the two kinds of completion differ in what they answer. */
export interface Form {
  id(): string;
  object: string;
  chunkObject: string;
  /** An answer as a whole. */
  choice(index: number, text: string, end: GenerationEnd): object;
  /** The first message of a stream for each answer, if there is one. */
  opening?(index: number): object;
  /** A piece of an answer. */
  piece(index: number, text: string): object;
  /** The end of an answer. */
  closing(index: number, end: GenerationEnd): object;
}

const name = (prefix: string) => `${prefix}-${randomUUID().replaceAll("-", "")}`;

export const CHAT: Form = {
  id: () => name("chatcmpl"),
  object: "chat.completion",
  chunkObject: "chat.completion.chunk",
  choice: (index, text, { reason }) => ({
    index,
    message: { role: "assistant", content: text, refusal: null },
    logprobs: null,
    finish_reason: reason,
  }),
  opening: (index) => ({
    index,
    delta: { role: "assistant", content: "" },
    logprobs: null,
    finish_reason: null,
  }),
  piece: (index, text) => ({
    index,
    delta: { content: text },
    logprobs: null,
    finish_reason: null,
  }),
  closing: (index, { reason }) => ({ index, delta: {}, logprobs: null, finish_reason: reason }),
};

export const TEXT: Form = {
  id: () => name("cmpl"),
  object: "text_completion",
  chunkObject: "text_completion",
  choice: (index, text, { reason }) => ({ index, text, logprobs: null, finish_reason: reason }),
  piece: (index, text) => ({ index, text, logprobs: null, finish_reason: null }),
  closing: (index, { reason }) => ({ index, text: "", logprobs: null, finish_reason: reason }),
};
