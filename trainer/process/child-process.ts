/** Bytes of a child's last words that an error message may quote. */
const LAST_WORDS = 2_000;

/** Child to parent. */
export type FromChild<Info, Progress, Result> =
  | { type: "ready"; info: Info }
  | { type: "fatal"; code: string; message: string }
  | { type: "progress"; id: number; progress: Progress }
  | { type: "done"; id: number; result: Result }
  | { type: "error"; id: number; code: string; message: string };

/** Parent to child: a request, or the wish to end one. */
export type ToChild<Request> =
  | { type: "request"; id: number; request: Request }
  | { type: "cancel"; id: number };

interface Pending<Progress, Result> {
  resolve(result: Result): void;
  reject(error: Error): void;
  onProgress?: (progress: Progress) => void;
}

/**
 * A process that serves requests over IPC. Native code runs in such a process: when it aborts, the
 * requests that it took along fail, and this process lives on.
 */
export class ChildProcess<Request, Info, Progress, Result> {
  /** Resolves when the child has started, rejects when it cannot. */
  readonly ready: Promise<Info>;
  private running = true;
  private nextId = 1;
  private lastWords = "";
  private readonly pending = new Map<number, Pending<Progress, Result>>();
  private readonly process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  private opened!: (info: Info) => void;
  private failed!: (error: Error) => void;

  /**
   * @param script absolute path of the child's entry point; `options` is its one argument, as JSON
   * @param makeError the error of a code and a sentence; `child-died` is added to the child's codes
   */
  constructor(
    script: string,
    options: object,
    private readonly makeError: (code: string, message: string) => Error,
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.opened = resolve;
      this.failed = reject;
    });
    this.ready.catch(() => {});
    this.process = Bun.spawn({
      cmd: [process.execPath, script, JSON.stringify(options)],
      stdio: ["ignore", "ignore", "pipe"],
      serialization: "json",
      ipc: (message: FromChild<Info, Progress, Result>) => this.receive(message),
      onExit: (child, code) => this.die(code, child.signalCode),
    });
    void this.listen(this.process.stderr);
  }

  get pid(): number {
    return this.process.pid;
  }

  get alive(): boolean {
    return this.running;
  }

  /** Sends a request and waits for its result; `signal` asks the child to stop it. */
  request(
    request: Request,
    options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal } = {},
  ): Promise<Result> {
    const { onProgress, signal } = options;
    if (signal?.aborted) return Promise.reject(this.makeError("cancelled", "It was cancelled."));
    if (!this.running) return Promise.reject(this.death(null, null));
    const id = this.nextId++;
    const cancel = (): void => this.send({ type: "cancel", id });
    signal?.addEventListener("abort", cancel, { once: true });
    return new Promise<Result>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, ...(onProgress && { onProgress }) });
      this.send({ type: "request", id, request });
    }).finally(() => {
      signal?.removeEventListener("abort", cancel);
      this.pending.delete(id);
    });
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }

  private send(message: ToChild<Request>): void {
    if (this.running) this.process.send(message);
  }

  private receive(message: FromChild<Info, Progress, Result>): void {
    switch (message.type) {
      case "ready":
        this.opened(message.info);
        break;
      case "fatal":
        this.failed(this.makeError(message.code, message.message));
        break;
      case "progress":
        this.pending.get(message.id)?.onProgress?.(message.progress);
        break;
      case "done":
        this.pending.get(message.id)?.resolve(message.result);
        break;
      case "error":
        this.pending.get(message.id)?.reject(this.makeError(message.code, message.message));
    }
  }

  private async listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const text = decoder.decode(bytes, { stream: true });
      this.lastWords = (this.lastWords + text).slice(-LAST_WORDS);
    }
  }

  private die(code: number | null, signal: string | number | null): void {
    this.running = false;
    const error = this.death(code, signal);
    this.failed(error);
    for (const pending of this.pending.values()) pending.reject(error);
  }

  private death(code: number | null, signal: string | number | null): Error {
    const how = signal === null ? (code === null ? "" : ` (exit ${code})`) : ` (${signal})`;
    // ggml says why it aborts in one line among a stack trace; that it loaded its backends is no reason.
    const lines = this.lastWords.split("\n").filter((line) => !/^(load_backend:|\s*$)/.test(line));
    const last = lines.find((line) => line.includes("GGML_ASSERT")) ?? lines.at(-1) ?? "";
    return this.makeError(
      "child-died",
      `The process of the model ended unexpectedly${how}${last === "" ? "." : `: ${last}`}`,
    );
  }
}

/** The child's side: serves requests one after another until its parent goes. */
export function serveRequests<Request, Info, Progress, Result>(handlers: {
  describe: (error: unknown) => { code: string; message: string };
  start: () => Promise<{
    info: Info;
    handle: (
      request: Request,
      hooks: { onProgress: (progress: Progress) => void; cancelled: () => boolean },
    ) => Promise<Result>;
  }>;
}): void {
  const send = (message: FromChild<Info, Progress, Result>): void => {
    process.send?.(message);
  };
  // The parent is gone, however it went: nobody waits for an answer any more.
  process.on("disconnect", () => process.exit(0));
  const cancelled = new Set<number>();
  let turn: Promise<void> = Promise.resolve();
  void handlers
    .start()
    .then(({ info, handle }) => {
      process.on("message", (message: ToChild<Request>) => {
        if (message.type === "cancel") {
          cancelled.add(message.id);
          return;
        }
        const { id, request } = message;
        turn = turn.then(async () => {
          try {
            const result = await handle(request, {
              onProgress: (progress) => send({ type: "progress", id, progress }),
              cancelled: () => cancelled.has(id),
            });
            send({ type: "done", id, result });
          } catch (error) {
            send({ type: "error", id, ...handlers.describe(error) });
          } finally {
            cancelled.delete(id);
          }
        });
      });
      send({ type: "ready", info });
    })
    .catch((error) => {
      send({ type: "fatal", ...handlers.describe(error) });
      process.exit(1);
    });
}
