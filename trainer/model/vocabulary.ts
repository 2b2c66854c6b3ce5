import type { GgufFile } from "../ggml/gguf.ts";
import { TrainerError } from "../types.ts";

/**
 * Checks a model's vocabulary, where it has one, against its embedding. llama.cpp, which tokenizes,
 * aborts the process on a text that is there twice; a token beyond the embedding would do so here.
 * @throws TrainerError `model-unreadable`
 */
export function checkVocabulary(file: GgufFile, vocabulary: number): void {
  // As bytes: a text need not be valid UTF-8.
  const tokens = file.strings("tokenizer.ggml.tokens", "latin1");
  if (!tokens) return;
  if (tokens.length > vocabulary) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} has ${tokens.length} tokens and embeddings for ${vocabulary}; it is damaged. Download it again.`,
    );
  }
  const texts = tokens.filter((text) => text !== "");
  if (new Set(texts).size !== texts.length) {
    throw new TrainerError(
      "model-unreadable",
      `${file.path} has tokens twice in its vocabulary; it is damaged. Download it again.`,
    );
  }
}
