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
  /**
   * The text is JSON of this JSON schema: what does not fit it cannot be generated. Keys come in the schema's
   * order. Text that runs into the limit is cut off all the same.
   */
  schema?: object;
  /** Whether the end is to say how likely the text was; costs a look at the whole vocabulary for each token. */
  likelihood?: boolean;
}

/** How the completion of one prompt ended. */
export interface GenerationEnd {
  /** `stop`: the model or a stop string ended it; `length`: it ran into the limit. */
  reason: "stop" | "length";
  /** Tokens of the prompt, with the beginning that the model asks for, and tokens generated. */
  promptTokens: number;
  tokens: number;
  /**
   * Mean log-probability of the text's tokens under the sampling asked for (greedily: the model's own), in nats;
   * without what ended it. Where it was asked for, and there is text.
   */
  logprob?: number;
}

export interface GenerateOptions {
  /** Called with each new piece of a request's text. */
  onText?: (index: number, text: string) => void;
  /** Called once for each request, after its last piece. */
  onEnd?: (index: number, end: GenerationEnd) => void;
  signal?: AbortSignal;
}

/** One vector for each text, and the tokens of all of them. */
export interface Embeddings {
  vectors: number[][];
  tokens: number;
}

export interface TextGenerator {
  /**
   * Completes each prompt; requests with the same adapter run as one batch.
   * @throws GeneratorError when the model cannot be loaded or the process died
   */
  generate(requests: GenerateRequest[], options?: GenerateOptions): Promise<string[]>;
  /**
   * Vectors of texts under the untouched base, of unit length.
   * @throws GeneratorError `no-embeddings` where the model was not made for it; `prompt-too-long`
   */
  embed(texts: string[], options?: { signal?: AbortSignal }): Promise<Embeddings>;
  close(): Promise<void>;
}

/** Why generation failed, for programs; the message is for people. */
export type GeneratorErrorCode =
  | "library-missing"
  | "model-unreadable"
  | "not-enough-memory"
  | "adapter-unreadable"
  | "prompt-too-long"
  | "no-embeddings"
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
