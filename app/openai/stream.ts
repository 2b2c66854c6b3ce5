import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { GenerationEnd } from "../../agent/generator/types.ts";
import type { Version } from "../../db/versions.ts";
import { explainError, programError } from "../errors.tsx";
import type { SiteEnv } from "../site.ts";
import type { Choice, Watcher } from "./complete.ts";
import { openaiError } from "./error.ts";

/** A line is sent at least this often, or proxies would give up. In milliseconds. */
const HEARTBEAT_MS = 15_000;

const logger = getLogger(["selkie", "http"]);

/** What happens while answers are written. */
export type Happening =
  | { text: string; index: number }
  | { end: GenerationEnd; index: number }
  | { done: Choice[] }
  | { failed: unknown };

/** Answers as they are written, for one reader. */
export class Answers {
  version: Version | undefined;
  private readonly queue: Happening[] = [];
  private wake: (() => void) | undefined;

  /** @param work writes them; begins at once */
  constructor(work: (watcher: Watcher) => Promise<{ choices: Choice[] }>) {
    work({
      onVersion: (version) => {
        this.version = version;
      },
      onText: (index, text) => this.tell({ index, text }),
      onEnd: (index, end) => this.tell({ index, end }),
    }).then(
      ({ choices }) => this.tell({ done: choices }),
      (failed) => this.tell({ failed }),
    );
  }

  /** Settles with the first thing that happens, which stays to be read. @throws what went wrong before it */
  async begun(): Promise<void> {
    await this.wait();
    const [first] = this.queue;
    if (first && "failed" in first) throw first.failed;
  }

  /** What happened since the last call; after `ms` without anything, an empty list. */
  async next(ms: number): Promise<Happening[]> {
    const timer = setTimeout(() => this.wake?.(), ms);
    await this.wait();
    clearTimeout(timer);
    return this.queue.splice(0);
  }

  private async wait(): Promise<void> {
    if (this.queue.length > 0) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  private tell(happening: Happening): void {
    this.queue.push(happening);
    this.wake?.();
  }
}

/**
 * Sends what happens as events, and `[DONE]` after the last.
 * @param messages what is sent of it
 */
export function sendAnswers(
  c: Context<SiteEnv>,
  answers: Answers,
  database: string,
  messages: (happening: Exclude<Happening, { failed: unknown }>) => object[],
): Response {
  return streamSSE(c, async (stream) => {
    const send = (data: unknown) => stream.writeSSE({ data: JSON.stringify(data) });
    for (;;) {
      const news = await answers.next(HEARTBEAT_MS);
      if (stream.aborted) return;
      if (news.length === 0) await stream.write(": still here\n\n");
      for (const happening of news) {
        if ("failed" in happening) {
          const facts = explainError(happening.failed, database);
          if (facts.status === 500) logger.error("{error}", { error: happening.failed });
          await send(openaiError(programError(happening.failed, facts), facts.status));
          return;
        }
        for (const message of messages(happening)) await send(message);
        if ("done" in happening) {
          await stream.writeSSE({ data: "[DONE]" });
          return;
        }
      }
    }
  });
}
