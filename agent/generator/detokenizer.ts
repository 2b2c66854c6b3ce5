import type { LlamaModel, Token } from "node-llama-cpp";

/** Tokens of text before a piece, which decide whether it begins with a space. */
const DETOKENIZE_WINDOW = 4;

/** Turns tokens into text piece by piece; half a character waits for its other half. */
export class Detokenizer {
  private pending: Token[] = [];
  private before: Token[];

  constructor(
    private readonly model: LlamaModel,
    prompt: Token[],
  ) {
    this.before = prompt.slice(-DETOKENIZE_WINDOW);
  }

  push(token: Token): string {
    this.pending.push(token);
    const text = this.model.detokenize(this.pending, false, this.before);
    return text.endsWith("\uFFFD") && this.pending.length < DETOKENIZE_WINDOW
      ? ""
      : this.flush(text);
  }

  end(): string {
    return this.pending.length === 0
      ? ""
      : this.flush(this.model.detokenize(this.pending, false, this.before));
  }

  private flush(text: string): string {
    this.before = [...this.before, ...this.pending].slice(-DETOKENIZE_WINDOW);
    this.pending = [];
    return text;
  }
}
