import type { ChildOptions, FromChild, GeneratorBackend, ToChild } from "./protocol.ts";
import {
  type GenerateOptions,
  type GenerateRequest,
  GeneratorError,
  type TextGenerator,
} from "./types.ts";

export type { GeneratorBackend } from "./protocol.ts";
export { type GenerateRequest, GeneratorError, type TextGenerator } from "./types.ts";

/** Bytes of the child's last words that an error message may quote. */
const LAST_WORDS = 2_000;

interface Pending {
  resolve(texts: string[]): void;
  reject(error: GeneratorError): void;
  onText?: (index: number, text: string) => void;
}

/**
 * A model that completes text, in a child process of its own. When the child dies, what was asked
 * of it fails with `child-died`, and the next request starts another.
 *
 * @example
 * const generator = await Generator.start({ model: "models/pup/pup.gguf" });
 * const [text] = await generator.generate([{ prompt: "Question: ", maxTokens: 20, temperature: 0 }]);
 * await generator.close();
 */
export class Generator implements TextGenerator {
  private child: Child | undefined;
  private closed = false;

  private constructor(private readonly options: ChildOptions) {}

  /** @throws GeneratorError when the model cannot be loaded */
  static async start(options: { model: string; backend?: GeneratorBackend }): Promise<Generator> {
    const generator = new Generator(options);
    await generator.running();
    return generator;
  }

  /** Process id of the child, while it lives. */
  get pid(): number | undefined {
    return this.child?.alive ? this.child.pid : undefined;
  }

  async generate(requests: GenerateRequest[], options: GenerateOptions = {}): Promise<string[]> {
    if (requests.length === 0) return [];
    const child = await this.running();
    return child.generate(requests, options);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.child?.kill();
  }

  private async running(): Promise<Child> {
    if (this.closed) throw new GeneratorError("closed", "The generator was closed.");
    if (!this.child?.alive) this.child = new Child(this.options);
    await this.child.ready;
    return this.child;
  }
}

/** One life of the child process. */
class Child {
  alive = true;
  readonly ready: Promise<void>;
  private readonly process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  private readonly pending = new Map<number, Pending>();
  private lastWords = "";
  private nextId = 1;
  private opened!: () => void;
  private failed!: (error: GeneratorError) => void;

  constructor(options: ChildOptions) {
    this.ready = new Promise((resolve, reject) => {
      this.opened = resolve;
      this.failed = reject;
    });
    this.ready.catch(() => {});
    this.process = Bun.spawn({
      cmd: [process.execPath, `${import.meta.dir}/child.ts`, JSON.stringify(options)],
      stdio: ["ignore", "ignore", "pipe"],
      serialization: "json",
      ipc: (message: FromChild) => this.receive(message),
      onExit: (child, code) => this.die(code, child.signalCode),
    });
    void this.listen(this.process.stderr);
  }

  get pid(): number {
    return this.process.pid;
  }

  generate(requests: GenerateRequest[], { onText, signal }: GenerateOptions): Promise<string[]> {
    if (signal?.aborted) throw cancelled();
    if (!this.alive) throw this.death(null, null);
    const id = this.nextId++;
    const cancel = () => this.send({ type: "cancel", id });
    signal?.addEventListener("abort", cancel, { once: true });
    return new Promise<string[]>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, ...(onText && { onText }) });
      this.send({ type: "generate", id, requests, stream: onText !== undefined });
    }).finally(() => {
      signal?.removeEventListener("abort", cancel);
      this.pending.delete(id);
    });
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }

  private send(message: ToChild): void {
    if (this.alive) this.process.send(message);
  }

  private receive(message: FromChild): void {
    switch (message.type) {
      case "ready":
        this.opened();
        break;
      case "fatal":
        this.failed(new GeneratorError(message.code, message.message));
        break;
      case "text":
        this.pending.get(message.id)?.onText?.(message.index, message.text);
        break;
      case "done":
        this.pending.get(message.id)?.resolve(message.texts);
        break;
      case "error":
        this.pending.get(message.id)?.reject(new GeneratorError(message.code, message.message));
    }
  }

  private async listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.lastWords = (this.lastWords + decoder.decode(bytes, { stream: true })).slice(
        -LAST_WORDS,
      );
    }
  }

  private die(code: number | null, signal: string | number | null): void {
    this.alive = false;
    const error = this.death(code, signal);
    this.failed(error);
    for (const pending of this.pending.values()) pending.reject(error);
  }

  private death(code: number | null, signal: string | number | null): GeneratorError {
    const how = signal === null ? (code === null ? "" : ` (exit ${code})`) : ` (${signal})`;
    const last = this.lastWords.trim().split("\n").at(-1) ?? "";
    return new GeneratorError(
      "child-died",
      `The text generator's process ended unexpectedly${how}${last === "" ? "." : `: ${last}`}`,
    );
  }
}

function cancelled(): GeneratorError {
  return new GeneratorError("cancelled", "Generation was cancelled.");
}
