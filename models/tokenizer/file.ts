import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { GgufValue } from "../../trainer/ggml/gguf-writer.ts";
import { BYTE_CHARS } from "./bytes.ts";
import { PRE_TOKENIZER } from "./split.ts";
import { TOKEN_CONTROL, TOKEN_NORMAL, type TokenizerFile } from "./tokenizer.ts";

/** The end token comes first, the begin token second. */
const CONTROL = ["<|end|>", "<|begin|>"];

/** What every vocabulary here has before anything is merged. */
export const BASE_TOKENS: readonly string[] = [...CONTROL, ...BYTE_CHARS];

/** A tokenizer of these merges, in order of priority, as `left right`. */
export function tokenizerFile(merges: string[]): TokenizerFile {
  const merged = merges.map((merge) => merge.replace(" ", ""));
  const tokens = [...new Set([...BASE_TOKENS, ...merged])];
  const types = tokens.map((_, id) => (id < CONTROL.length ? TOKEN_CONTROL : TOKEN_NORMAL));
  return { pre: PRE_TOKENIZER, tokens, types, merges, bos: 1, eos: 0 };
}

/** Writes it, with its folder, and says how large it is. */
export function storeTokenizer(path: string, file: TokenizerFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(file, null, 1)}\n`);
  console.log(`${file.tokens.length} tokens, ${file.merges.length} merges`);
}

/** A tokenizer as a GGUF's metadata. */
export function tokenizerMetadata(file: TokenizerFile): Record<string, GgufValue> {
  return {
    "general.type": { string: "model" },
    "tokenizer.ggml.model": { string: "gpt2" },
    "tokenizer.ggml.pre": { string: file.pre },
    "tokenizer.ggml.tokens": { strings: file.tokens },
    "tokenizer.ggml.token_type": { i32s: Int32Array.from(file.types) },
    "tokenizer.ggml.merges": { strings: file.merges },
    "tokenizer.ggml.bos_token_id": { u32: file.bos },
    "tokenizer.ggml.eos_token_id": { u32: file.eos },
    "tokenizer.ggml.add_bos_token": { bool: true },
  };
}
