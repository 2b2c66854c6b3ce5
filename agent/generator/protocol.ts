import type { Embeddings, GenerateRequest, GenerationEnd } from "./types.ts";

/** Which compute library the generator uses; none picks the best that works. */
export type GeneratorBackend = "cpu" | "cuda" | "vulkan" | "metal";

/** What the child is told at its start, as its one argument. */
export interface ChildOptions {
  model: string;
  backend?: GeneratorBackend;
  memoryLimit?: number;
}

/** What it is asked: prompts to complete, and what is wanted while it does; or texts to embed. */
export type Task =
  | { kind: "complete"; requests: GenerateRequest[]; stream: boolean; ends: boolean }
  | { kind: "embed"; texts: string[] };

/** The texts that complete the prompts, or the vectors of the texts. */
export type TaskResult = string[] | Embeddings;

/** A new piece of a request's text, or its end. */
export type Piece = { index: number; text: string } | { index: number; end: GenerationEnd };
