import { join } from "node:path";
import type { Digest, RawDocument } from "./digest.ts";
import { ReadError } from "./errors.ts";
import type { ParsedFeed, RawFeed } from "./feed.ts";
import { DEFAULT_LIMITS, type ReadLimits } from "./limits.ts";
import type { Subscription } from "./opml.ts";
import type { Reply, Task, TaskResults } from "./tasks.ts";

type AsideLimits = Pick<ReadLimits, "parseMs" | "parseMemory" | "maxUnpacked">;

/** After so many tasks a process makes way for a new one: what it may have leaked goes with it. */
const MAX_TASKS = 500;
/** So does one that has come to hold this share of what it may. */
const MAX_SHARE = 0.5;
/** How long a process waits for another task, in milliseconds. */
const IDLE_MS = 15_000;

/**
 * Digests a document in a process of its own: a large or hostile one holds up neither the pages nor
 * the lease, and what it does to memory ends with that process.
 * @throws ReadError as `digestAny`, and `too-complex` when it takes too long or too much memory; the
 * signal's reason
 */
export function digestAside(
  raw: RawDocument,
  limits: AsideLimits = DEFAULT_LIMITS,
  signal?: AbortSignal,
): Promise<Digest> {
  const { maxUnpacked } = limits;
  return aside({ kind: "document", raw, maxUnpacked }, limits, signal);
}

/** The entries of a feed, as {@link digestAside} does a document. @param address where it ended */
export function parseFeedAside(
  raw: RawFeed,
  address: string,
  limits: AsideLimits = DEFAULT_LIMITS,
  signal?: AbortSignal,
): Promise<ParsedFeed> {
  return aside({ kind: "feed", raw, address }, limits, signal);
}

/** The feeds of an OPML file, as {@link digestAside} does a document. */
export function parseOpmlAside(
  raw: { source: string; bytes: Uint8Array },
  limits: AsideLimits = DEFAULT_LIMITS,
): Promise<Subscription[]> {
  return aside({ kind: "opml", raw }, limits);
}

/** The process that has nothing to do; others work, or are gone. */
let idle: Child | undefined;

async function aside<T extends Task>(
  task: T,
  limits: AsideLimits,
  signal?: AbortSignal,
): Promise<TaskResults[T["kind"]]> {
  signal?.throwIfAborted();
  const { source } = task.raw;
  const child = idle?.fits(limits) ? idle : new Child(limits.parseMemory);
  if (child === idle) idle = undefined;
  const late = () => {
    const message = `${source} is too tangled to be read in ${Math.round(limits.parseMs / 1000)} seconds: give its text instead, as .txt or .md.`;
    child.end(new ReadError("too-complex", source, message));
  };
  const abort = () => child.end(signal!.reason);
  const timer = setTimeout(late, limits.parseMs);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const reply = await child.run(task);
    if ("result" in reply) return reply.result as TaskResults[T["kind"]];
    if ("failed" in reply) throw new Error(`Reading ${source} failed: ${reply.failed}`);
    throw new ReadError(reply.refused.code, reply.refused.source, reply.refused.message);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    if (child.isFit()) {
      idle?.end();
      idle = child;
      child.rest();
    } else child.end();
  }
}

class Child {
  private readonly process: Bun.Subprocess;
  private tasks = 0;
  private rss = 0;
  private alive = true;
  private waiting: ({ source: string } & PromiseWithResolvers<Reply>) | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly memory: number) {
    this.process = Bun.spawn({
      cmd: [process.execPath, join(import.meta.dir, "child.ts"), String(memory)],
      stdio: ["ignore", "ignore", "ignore"],
      // What comes from outside is taken apart where no secret is.
      env: {},
      serialization: "advanced",
      ipc: (reply: Reply) => {
        this.rss = reply.rss;
        this.waiting?.resolve(reply);
      },
      onExit: (_child, code, signal) => this.died(code, signal),
    });
  }

  run(task: Task): Promise<Reply> {
    clearTimeout(this.resting);
    this.process.ref();
    this.tasks += 1;
    this.waiting = { source: task.raw.source, ...Promise.withResolvers<Reply>() };
    const { promise } = this.waiting;
    this.process.send({ id: this.tasks, task });
    return promise;
  }

  /** Ends the process; whoever waits for it is told why. */
  end(reason: unknown = new Error("The process was ended.")): void {
    this.alive = false;
    clearTimeout(this.resting);
    this.waiting?.reject(reason);
    this.process.kill("SIGKILL");
    if (idle === this) idle = undefined;
  }

  isFit(): boolean {
    return this.alive && this.tasks < MAX_TASKS && this.rss < this.memory * MAX_SHARE;
  }

  fits({ parseMemory }: AsideLimits): boolean {
    return this.alive && this.memory === parseMemory;
  }

  /** Waits for another task, without keeping this process up. */
  rest(): void {
    this.waiting = undefined;
    this.process.unref();
    this.resting = setTimeout(() => this.end(), IDLE_MS);
    this.resting.unref();
  }

  private died(code: number | null, signal: unknown): void {
    this.alive = false;
    if (idle === this) idle = undefined;
    if (!this.waiting) return;
    const { source, reject } = this.waiting;
    // Killed, and not by us: by its own watch, or by a system that ran out of memory.
    const message =
      code === null || code === 137 || signal
        ? `${source} takes too much memory to be read (more than ${Math.round(this.memory / 2 ** 20)} MB): split it, or give its text instead.`
        : `${source} made the process that reads it end (code ${code}): give its text instead, as .txt or .md.`;
    reject(new ReadError("too-complex", source, message));
  }
}
