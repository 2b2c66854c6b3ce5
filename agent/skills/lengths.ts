import type { ModelTrainer } from "../../trainer/types.ts";
import { FRAME_TOKENS } from "../study/rows.ts";
import { outputText, type Pair, taskPrompt } from "./prompts.ts";

/** Fewest tokens that an answer may have. */
const ANSWER_TOKENS = 16;
/** How much longer an answer may be than the longest output that was shown. */
const ANSWER_ROOM = 1.5;

/** How long the pieces of prompts are, in tokens, and what of them a model can read at once. */
export class Lengths {
  private constructor(
    private readonly tokens: ReadonlyMap<string, number>,
    private readonly limit: number,
  ) {}

  /** Measures all that is given; other pieces cannot be asked for. */
  static async of(
    trainer: ModelTrainer,
    pairs: readonly Pair[],
    inputs: readonly string[] = [],
  ): Promise<Lengths> {
    const texts = [
      ...pairs.flatMap(({ input, output }) => [taskPrompt([], input), outputText(output)]),
      ...inputs.map((input) => taskPrompt([], input)),
    ];
    const distinct = [...new Set(texts)];
    const counts = await trainer.countTokens(distinct);
    const tokens = new Map(distinct.map((text, i) => [text, counts[i]!]));
    return new Lengths(tokens, trainer.info.contextLength - FRAME_TOKENS);
  }

  /** An example's tokens. */
  pair({ input, output }: Pair): number {
    return this.text(taskPrompt([], input)) + this.text(outputText(output));
  }

  /** Tokens that an answer may take, as long as the outputs that are shown let expect. */
  answer(examples: readonly Pair[]): number {
    const longest = Math.max(...examples.map(({ output }) => this.text(outputText(output))));
    return Math.max(ANSWER_TOKENS, Math.ceil(longest * ANSWER_ROOM));
  }

  /** The last of the examples that leave room for an input and its answer. */
  beforeInput(examples: readonly Pair[], input: string): Pair[] {
    return this.last(examples, this.text(taskPrompt([], input)) + this.answer(examples));
  }

  /** The last of the examples that leave so many tokens of the model's context. */
  last(examples: readonly Pair[], room: number): Pair[] {
    let left = this.limit - room;
    const first = examples.findLastIndex((example) => {
      left -= this.pair(example);
      return left < 0;
    });
    return examples.slice(first + 1);
  }

  /** The prompt of an input after as many examples as fit. */
  prompt(examples: readonly Pair[], input: string): string {
    return taskPrompt(this.beforeInput(examples, input), input);
  }

  private text(text: string): number {
    return this.tokens.get(text)!;
  }
}
