import type { PromptKind } from "../../db/candidates.ts";
import type { PassageText } from "../prompts.ts";

/** What a teacher may be asked for. */
export const TEACHER_TASKS = ["edits", "probes"] as const;
export type TeacherTask = (typeof TEACHER_TASKS)[number];

/** Another model that writes in the student's place; the student learns, here, all the same. */
export interface TeacherSettings {
  /** Address of an OpenAI-compatible interface, up to and with its version (`…/v1`), or a GGUF's path. */
  at: string;
  /** The model's name there. */
  model: string;
  writes: TeacherTask[];
  /** Tokens of one day (UTC), asked and answered, that it may cost. Local files cost none. */
  dailyTokens: number;
  /** For one request, its whole answer included. */
  timeoutMs: number;
  /** How often a request is tried again where that may help. */
  retries: number;
}

export const DEFAULT_TEACHER: Omit<TeacherSettings, "at" | "model"> = {
  writes: ["edits"],
  dailyTokens: 200_000,
  timeoutMs: 120_000,
  retries: 3,
};

/** One thing to write. */
export interface WritingTask {
  passage: PassageText;
  kind: PromptKind;
  temperature: number;
  seed: number;
  maxTokens: number;
}

export interface Teacher {
  /** As people know it: the model, and where it runs. */
  readonly name: string;
  readonly writes: readonly TeacherTask[];
  /** @throws TeacherError */
  write(task: WritingTask, signal?: AbortSignal): Promise<string>;
  /** Counts an answer in which nothing was usable. */
  reject(): void;
  close(): Promise<void>;
}

/**
 * Why a teacher wrote nothing, for programs:
 * - `unreachable`, `timeout`, `busy` (429 or 5xx): it may work later
 * - `refused`: the key, the model's name or the request is not accepted
 * - `nonsense`: what came back is no answer of such an interface; `empty`: an answer without text
 * - `budget`: today's tokens are used up; `resting`: it failed just now, and is left alone for a while
 */
export type TeacherErrorCode =
  | "unreachable"
  | "timeout"
  | "busy"
  | "refused"
  | "nonsense"
  | "empty"
  | "budget"
  | "resting";

export class TeacherError extends Error {
  constructor(
    readonly code: TeacherErrorCode,
    message: string,
    /** How long to wait at least before asking again, in milliseconds, where it said so. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = "TeacherError";
  }
}

/** A file has no recorded edits at all. */
export class RecordedError extends Error {
  readonly code = "bad-edits";
  override name = "RecordedError";
}
