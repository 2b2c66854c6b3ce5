/** Makes `models/pup/tokenizer.json`: bun models/tokenizer/train.ts */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BYTE_CHARS } from "./bytes.ts";
import { learnMerges } from "./learn.ts";
import { countPieces } from "./sample.ts";
import { PRE_TOKENIZER } from "./split.ts";
import {
  PUP_TOKENIZER_PATH,
  TOKEN_CONTROL,
  TOKEN_NORMAL,
  type TokenizerFile,
} from "./tokenizer.ts";

const VOCABULARY = 2048;
const SEED = 1;
const ENTITIES = 8000;
/** The end token comes first, the begin token second. */
const CONTROL = ["<|end|>", "<|begin|>"];

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
  const base = [...CONTROL, ...BYTE_CHARS];
  const merges = learnMerges(countPieces(SEED, entities), [
    {
      symbols: vocabulary - base.length - CAPITALS,
      allowed: (left, right) => !spaceBeforeCapital(left, right),
    },
    { symbols: CAPITALS, allowed: spaceBeforeCapital },
  ]);
  const tokens = [...new Set([...base, ...merges.map((merge) => merge.replace(" ", ""))])];
  const types = tokens.map((_, id) => (id < CONTROL.length ? TOKEN_CONTROL : TOKEN_NORMAL));
  return { pre: PRE_TOKENIZER, tokens, types, merges, bos: 1, eos: 0 };
}

if (import.meta.main) {
  const file = makeTokenizer();
  mkdirSync(dirname(PUP_TOKENIZER_PATH), { recursive: true });
  writeFileSync(PUP_TOKENIZER_PATH, `${JSON.stringify(file, null, 1)}\n`);
  console.log(`${file.tokens.length} tokens, ${file.merges.length} merges`);
}
