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

export interface TextGenerator {
  /**
   * Completes each prompt; requests with the same adapter run as one batch.
   * @throws GeneratorError when the model cannot be loaded or the process died
   */
  generate(
    requests: GenerateRequest[],
    options?: { onText?: (index: number, text: string) => void; signal?: AbortSignal },
  ): Promise<string[]>;
  close(): Promise<void>;
}
