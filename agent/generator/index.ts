import { ChildProcess } from "../../trainer/process/child-process.ts";
import type { ChildOptions, GeneratorBackend, Piece, Task, TaskResult } from "./protocol.ts";
import {
  type Embeddings,
  type GenerateOptions,
  type GenerateRequest,
  GeneratorError,
  type GeneratorErrorCode,
  type TextGenerator,
} from "./types.ts";

export type { GeneratorBackend } from "./protocol.ts";
export { type GenerateRequest, GeneratorError, type TextGenerator } from "./types.ts";

type Child = ChildProcess<Task, null, Piece, TaskResult>;

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

  /**
   * `memoryLimit` is how many bytes of memory this process and its children may take together.
   * @throws GeneratorError when the model cannot be loaded
   */
  static async start(options: {
    model: string;
    backend?: GeneratorBackend;
    memoryLimit?: number;
  }): Promise<Generator> {
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
    const { onText, onEnd, signal } = options;
    const child = await this.running();
    const onProgress = (piece: Piece) => {
      if ("end" in piece) onEnd?.(piece.index, piece.end);
      else onText?.(piece.index, piece.text);
    };
    const wanted = { stream: onText !== undefined, ends: onEnd !== undefined };
    return (await child.request(
      { kind: "complete", requests, ...wanted },
      { onProgress, ...(signal && { signal }) },
    )) as string[];
  }

  async embed(texts: string[], options: { signal?: AbortSignal } = {}): Promise<Embeddings> {
    const child = await this.running();
    return (await child.request({ kind: "embed", texts }, options)) as Embeddings;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.child?.kill();
  }

  private async running(): Promise<Child> {
    if (this.closed) throw new GeneratorError("closed", "The generator was closed.");
    if (!this.child?.alive) {
      this.child = new ChildProcess<Task, null, Piece, TaskResult>(
        `${import.meta.dir}/child.ts`,
        this.options,
        (code, message) => new GeneratorError(code as GeneratorErrorCode, message),
      );
    }
    const { child } = this;
    await child.ready;
    return child;
  }
}
