import type { GenerateRequest } from "./types.ts";

/** Which compute library the generator uses; none picks the best that works. */
export type GeneratorBackend = "cpu" | "cuda" | "vulkan" | "metal";

/** What the child is told at its start, as its one argument. */
export interface ChildOptions {
  model: string;
  backend?: GeneratorBackend;
  memoryLimit?: number;
}

/** What it is asked: prompts to complete, and whether their text is wanted piece by piece. */
export interface Completion {
  requests: GenerateRequest[];
  stream: boolean;
}

/** A new piece of a request's text. */
export interface Piece {
  index: number;
  text: string;
}
