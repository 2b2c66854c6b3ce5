import type { Digest, RawDocument } from "./digest.ts";
import { digestAny } from "./digest-any.ts";
import { ReadError, type ReadErrorCode } from "./errors.ts";
import { type ParsedFeed, parseFeed, type RawFeed } from "./feed.ts";
import { parseOpml, type Subscription } from "./opml.ts";

/** What is taken apart in a process of its own, since it comes from others. */
export type Task =
  | { kind: "document"; raw: RawDocument; maxUnpacked: number }
  | { kind: "feed"; raw: RawFeed; address: string }
  | { kind: "opml"; raw: { source: string; bytes: Uint8Array } };

export interface TaskResults {
  document: Digest;
  feed: ParsedFeed;
  opml: Subscription[];
}

/** What the process answers; an error loses its class on the way, so its parts are sent. */
export type Reply = { id: number; rss: number } & (
  | { result: unknown }
  | { refused: { code: ReadErrorCode; source: string; message: string } }
  | { failed: string }
);

/** Does a task. @throws ReadError */
export async function runTask(task: Task): Promise<unknown> {
  switch (task.kind) {
    case "document":
      return digestAny(task.raw, task);
    case "feed":
      return parseFeed(task.raw, task.address);
    case "opml":
      return parseOpml(task.raw);
  }
}

/** Puts what a task came to, or what went wrong, into a message. */
export async function replyTo(id: number, task: Task): Promise<Reply> {
  const rss = () => process.memoryUsage.rss();
  try {
    const result = await runTask(task);
    return { id, result, rss: rss() };
  } catch (error) {
    if (error instanceof ReadError) {
      const { code, source, message } = error;
      return { id, refused: { code, source, message }, rss: rss() };
    }
    const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { id, failed, rss: rss() };
  }
}
