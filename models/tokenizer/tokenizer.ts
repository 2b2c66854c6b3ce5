import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromByteChars, toByteChars } from "./bytes.ts";
import { splitPieces } from "./split.ts";

/** A tokenizer as it is stored, ready to be written into a GGUF. */
export interface TokenizerFile {
  /** `tokenizer.ggml.pre` */
  pre: string;
  /** `tokenizer.ggml.tokens`, in GPT-2's byte alphabet. */
  tokens: string[];
  /** `tokenizer.ggml.token_type`: 1 normal, 3 control. */
  types: number[];
  /** `tokenizer.ggml.merges` */
  merges: string[];
  /** `tokenizer.ggml.bos_token_id`; every sequence begins with it. */
  bos: number;
  /** `tokenizer.ggml.eos_token_id`; ends an answer. */
  eos: number;
}

export const TOKEN_NORMAL = 1;
export const TOKEN_CONTROL = 3;

/** The cache is emptied at this many pieces: invented names never end. */
const CACHE_PIECES = 200_000;
/** More than any vocabulary here, so that a pair of ids is one number. */
const PAIR_BASE = 65_536;

/** Byte-level BPE that gives llama.cpp's tokens for the same vocabulary. */
export class Tokenizer {
  readonly bos: number;
  readonly eos: number;
  readonly size: number;
  private readonly idOfToken = new Map<string, number>();
  private readonly bytesOfToken: Uint8Array[];
  /** left id * PAIR_BASE + right id -> rank * PAIR_BASE + merged id */
  private readonly mergeOfPair = new Map<number, number>();
  private readonly cache = new Map<string, readonly number[]>();

  constructor(file: TokenizerFile) {
    this.bos = file.bos;
    this.eos = file.eos;
    this.size = file.tokens.length;
    for (const [id, token] of file.tokens.entries()) this.idOfToken.set(token, id);
    this.bytesOfToken = file.tokens.map((token, id) =>
      Uint8Array.from(file.types[id] === TOKEN_CONTROL ? [] : fromByteChars(token)),
    );
    for (const [rank, merge] of file.merges.entries()) {
      const [left, right] = merge.split(" ") as [string, string];
      const pair = this.id(left) * PAIR_BASE + this.id(right);
      this.mergeOfPair.set(pair, rank * PAIR_BASE + this.id(left + right));
    }
  }

  /**
   * The tokens of `text`, without begin or end token. The text of a control token is ordinary
   * text: nothing that is read can end an answer.
   */
  encode(text: string): number[] {
    const ids: number[] = [];
    for (const piece of splitPieces(text)) {
      let tokens = this.cache.get(piece);
      if (tokens === undefined) {
        tokens = this.encodePiece(piece);
        if (this.cache.size >= CACHE_PIECES) this.cache.clear();
        this.cache.set(piece, tokens);
      }
      for (const token of tokens) ids.push(token);
    }
    return ids;
  }

  /** The text of tokens; control tokens have none. */
  decode(ids: Iterable<number>): string {
    const bytes: number[] = [];
    for (const id of ids) {
      const token = this.bytesOfToken[id];
      if (token === undefined) throw new RangeError(`no token ${id}`);
      bytes.push(...token);
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }

  private id(token: string): number {
    const id = this.idOfToken.get(token);
    if (id === undefined) throw new Error(`token not in the vocabulary: ${token}`);
    return id;
  }

  private encodePiece(piece: string): number[] {
    const ids = toByteChars(piece).map((char) => this.id(char));
    while (ids.length > 1) {
      // Lowest rank first, leftmost first; pieces are short, so a scan beats a queue.
      let best = Number.POSITIVE_INFINITY;
      let at = -1;
      for (let i = 0; i + 1 < ids.length; i++) {
        const merge = this.mergeOfPair.get((ids[i] as number) * PAIR_BASE + (ids[i + 1] as number));
        if (merge !== undefined && merge < best) {
          best = merge;
          at = i;
        }
      }
      if (at === -1) break;
      ids.splice(at, 2, best % PAIR_BASE);
    }
    return ids;
  }
}

/** Where the embedded model's tokenizer lies. */
export const PUP_TOKENIZER_PATH = join(import.meta.dirname, "..", "pup", "tokenizer.json");

export function readTokenizer(path: string): TokenizerFile {
  return JSON.parse(readFileSync(path, "utf8")) as TokenizerFile;
}

/** Makes a stored tokenizer ready; the embedded model's, if no other is named. */
export function loadTokenizer(path = PUP_TOKENIZER_PATH): Tokenizer {
  return new Tokenizer(readTokenizer(path));
}
