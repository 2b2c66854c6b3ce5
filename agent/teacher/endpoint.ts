import type { Database } from "../../db/open.ts";
import { addTeacherUsage, dayOf, teacherUsageOf } from "../../db/teacher.ts";
import { chat, type Endpoint, nameOf } from "./chat.ts";
import { instruct } from "./instructions.ts";
import { type Teacher, TeacherError, type TeacherSettings, type WritingTask } from "./types.ts";

/** Characters that make a token, where nobody counts: few, so that the budget is not overdrawn. */
const CHARACTERS_PER_TOKEN = 3;
const TOP_P = 0.95;
const AGAIN = new Set(["unreachable", "timeout", "busy"]);

/** All in milliseconds. */
export interface TeacherTiming {
  /** The first wait before a request is tried again; each further one is twice as long. */
  backoff: number;
  /** A server's own wish is heard up to this. */
  longestWait: number;
  /** How long a teacher is left alone after all tries failed; twice as long each time. */
  rest: number;
  longestRest: number;
}

const TIMING: TeacherTiming = {
  backoff: 1_000,
  longestWait: 60_000,
  rest: 60_000,
  longestRest: 15 * 60_000,
};

/** A model behind an OpenAI-compatible interface, asked within a daily budget of tokens. */
export class EndpointTeacher implements Teacher {
  readonly name: string;
  readonly writes: Teacher["writes"];
  private readonly endpoint: Endpoint;
  private readonly timing: TeacherTiming;
  private restUntil = 0;
  private failedInARow = 0;

  constructor(
    private readonly db: Database,
    private readonly settings: TeacherSettings,
    key?: string,
    timing: Partial<TeacherTiming> = {},
  ) {
    const { at: url, model, timeoutMs, writes } = settings;
    this.endpoint = { url, model, timeoutMs, ...(key && { key }) };
    this.name = nameOf(this.endpoint);
    this.writes = writes;
    this.timing = { ...TIMING, ...timing };
  }

  async write(task: WritingTask, signal?: AbortSignal): Promise<string> {
    const { kind, passage, maxTokens, temperature, seed } = task;
    const messages = instruct(kind, passage);
    const request = { messages, maxTokens, temperature, seed, topP: TOP_P };
    const estimate = estimateTokens(messages.map(({ content }) => content).join("\n"));
    for (let attempt = 0; ; attempt++) {
      this.admit(estimate + maxTokens);
      try {
        const reply = await chat(this.endpoint, request, signal);
        addTeacherUsage(this.db, this.name, {
          requests: 1,
          promptTokens: reply.promptTokens ?? estimate,
          completionTokens: reply.completionTokens ?? estimateTokens(reply.text),
        });
        this.failedInARow = 0;
        return reply.text;
      } catch (error) {
        if (!(error instanceof TeacherError)) throw error;
        // What was read may be billed, answered or not.
        const reached = error.code !== "unreachable" && error.code !== "refused";
        const promptTokens = reached ? estimate : 0;
        const last = !AGAIN.has(error.code) || attempt >= this.settings.retries;
        addTeacherUsage(this.db, this.name, { requests: 1, failures: last ? 1 : 0, promptTokens });
        if (last) throw this.tire(error);
        await this.wait(attempt, error.retryAfterMs, signal);
      }
    }
  }

  reject(): void {
    addTeacherUsage(this.db, this.name, { failures: 1 });
  }

  async close(): Promise<void> {}

  /** @throws TeacherError `budget`, `resting` */
  private admit(tokens: number): void {
    const wait = this.restUntil - Date.now();
    if (wait > 0) {
      throw new TeacherError(
        "resting",
        `${this.name} failed before, and is asked again in ${Math.ceil(wait / 1000)} s.`,
      );
    }
    const { dailyTokens } = this.settings;
    const used = teacherUsageOf(this.db, this.name);
    const spent = used.promptTokens + used.completionTokens;
    if (spent + tokens <= dailyTokens) return;
    throw new TeacherError(
      "budget",
      `${spent} of today's ${dailyTokens} tokens (${dayOf()}, UTC) of ${this.name} are used, and ${tokens} more are too many: it goes on tomorrow, or with a larger budget.`,
    );
  }

  /** A teacher that is away is not waited for with every passage again. */
  private tire(error: TeacherError): TeacherError {
    if (!AGAIN.has(error.code) && error.code !== "refused") return error;
    const { rest, longestRest } = this.timing;
    this.restUntil = Date.now() + Math.min(longestRest, rest * 2 ** this.failedInARow);
    this.failedInARow += 1;
    return error;
  }

  private async wait(
    attempt: number,
    wished: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { backoff, longestWait } = this.timing;
    // Spread, so that several that failed together do not come back together.
    const own = backoff * 2 ** attempt * (0.75 + Math.random() / 2);
    const ms = Math.min(longestWait, Math.max(own, wished ?? 0));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    signal?.throwIfAborted();
  }
}

function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}
