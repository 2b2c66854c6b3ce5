import type { GenerateRequest, GeneratorErrorCode } from "./types.ts";

/** Which compute library the generator uses; none picks the best that works. */
export type GeneratorBackend = "cpu" | "cuda" | "vulkan" | "metal";

/** What the child is told at its start, as its one argument. */
export interface ChildOptions {
  model: string;
  backend?: GeneratorBackend;
}

/** Parent to child. */
export type ToChild =
  | { type: "generate"; id: number; requests: GenerateRequest[]; stream: boolean }
  | { type: "cancel"; id: number };

/** Child to parent. */
export type FromChild =
  | { type: "ready" }
  | { type: "fatal"; code: GeneratorErrorCode; message: string }
  | { type: "text"; id: number; index: number; text: string }
  | { type: "done"; id: number; texts: string[] }
  | { type: "error"; id: number; code: GeneratorErrorCode; message: string };
