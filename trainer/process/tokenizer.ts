import { getLlama, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import type { TokenRow } from "../model/packing.ts";
import { type ScorePair, TrainerError, type TrainingRow } from "../types.ts";

/** llama.cpp's tokenizer for a model file, loaded without its weights. */
export class ModelTokenizer {
  private constructor(private readonly model: LlamaModel) {}

  /** @throws TrainerError `model-unreadable` when llama.cpp knows no such vocabulary */
  static async open(path: string): Promise<ModelTokenizer> {
    const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
    try {
      return new ModelTokenizer(await llama.loadModel({ modelPath: path, vocabOnly: true }));
    } catch (cause) {
      throw new TrainerError(
        "model-unreadable",
        `The vocabulary of ${path} cannot be loaded: ${cause instanceof Error ? cause.message : cause}`,
        { cause },
      );
    }
  }

  /** Tokens of plain text, without begin or end token; control tokens in it are text. */
  encode(text: string): number[] {
    return this.model.tokenize(text, false);
  }

  /**
   * A training row as tokens: begin token where the vocabulary asks for one, segments one by one.
   * @throws TrainerError `invalid-job` when an end token is wanted and the vocabulary has none
   */
  row({ segments, end }: TrainingRow): TokenRow {
    const { bos, eos, shouldPrependBosToken } = this.model.tokens;
    const tokens: number[] = [];
    const loss: number[] = [];
    const push = (ids: readonly number[], flag: boolean): void => {
      for (const id of ids) {
        tokens.push(id);
        loss.push(flag ? 1 : 0);
      }
    };
    if (bos !== null && shouldPrependBosToken) push([bos], false);
    for (const { text, loss: flag } of segments) push(this.encode(text), flag);
    if (end) {
      if (eos === null) {
        throw new TrainerError("invalid-job", "The model's vocabulary has no end token.");
      }
      push([eos], true);
    }
    return { tokens: Int32Array.from(tokens), loss: Uint8Array.from(loss) };
  }

  /** A scoring pair as a row whose answer is supervised. */
  pair({ context, answer, end = true }: ScorePair): TokenRow {
    const segments = [
      { text: context, loss: false },
      { text: answer, loss: true },
    ];
    return this.row({ segments, end });
  }
}
