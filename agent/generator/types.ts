/** What a text generator takes and gives; the child process speaks exactly this. */

export interface GenerateRequest {
  prompt: string;
  /** Adapter GGUF to apply, or none for the untouched base. */
  adapter?: string;
  maxTokens: number;
  /** 0 is greedy. */
  temperature: number;
  topP?: number;
  seed?: number;
  /** Generation ends before any of these strings. */
  stop?: string[];
}

export interface GenerateOptions {
  /** Called with each new piece of a request's text. */
  onText?: (index: number, text: string) => void;
  signal?: AbortSignal;
}

export interface TextGenerator {
  /**
   * Completes each prompt; requests with the same adapter run as one batch.
   * @throws GeneratorError when the model cannot be loaded or the process died
   */
  generate(requests: GenerateRequest[], options?: GenerateOptions): Promise<string[]>;
  close(): Promise<void>;
}

/** Why generation failed, for programs; the message is for people. */
export type GeneratorErrorCode =
  | "library-missing"
  | "model-unreadable"
  | "not-enough-memory"
  | "adapter-unreadable"
  | "prompt-too-long"
  | "cancelled"
  | "child-died"
  | "closed"
  | "internal";

export class GeneratorError extends Error {
  constructor(
    readonly code: GeneratorErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "GeneratorError";
  }
}
