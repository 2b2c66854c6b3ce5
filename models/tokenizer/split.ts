/** The name that llama.cpp knows this pre-tokenizer by (`tokenizer.ggml.pre`). */
export const PRE_TOKENIZER = "qwen2";

/**
 * llama.cpp's `qwen2` expression: words take the character before them along, digits stand alone.
 * Single digits because a number of any length is then copied digit by digit. White space is
 * spelled out since `\s` in JavaScript has U+FEFF and lacks U+0085.
 */
const PIECE =
  /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Splits text into the pieces inside which tokens are merged. Joined they are the text again. */
export function splitPieces(text: string): string[] {
  return text.match(PIECE) ?? [];
}
