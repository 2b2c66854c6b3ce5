/** Makes `models/pup/tokenizer.json`: bun models/tokenizer/train.ts */
import { BASE_TOKENS, storeTokenizer, tokenizerFile } from "./file.ts";
import { learnMerges } from "./learn.ts";
import { countPieces } from "./sample.ts";
import { PUP_TOKENIZER_PATH, type TokenizerFile } from "./tokenizer.ts";

const VOCABULARY = 2048;
const SEED = 1;
const ENTITIES = 8000;
/** GPT-2's character for the space. */
const SPACE = "\u0120";
/** How many tokens are a space and the beginning of a capitalised word. */
const CAPITALS = 224;

/**
 * A name begins a line or follows a space, and must be cut alike in both places, or copying it
 * means spelling it anew. So a space joins a capital letter last: `Torvane` is `Tor vane` and
 * ` Torvane` is ` Tor vane`, never ` T orv ane`.
 */
const spaceBeforeCapital = (left: string, right: string) => left === SPACE && /^[A-Z]/.test(right);

/** Learns a tokenizer from the world. */
export function makeTokenizer(vocabulary = VOCABULARY, entities = ENTITIES): TokenizerFile {
  const merges = learnMerges(countPieces(SEED, entities), [
    {
      symbols: vocabulary - BASE_TOKENS.length - CAPITALS,
      allowed: (left, right) => !spaceBeforeCapital(left, right),
    },
    { symbols: CAPITALS, allowed: spaceBeforeCapital },
  ]);
  return tokenizerFile(merges);
}

if (import.meta.main) {
  storeTokenizer(PUP_TOKENIZER_PATH, makeTokenizer());
}
