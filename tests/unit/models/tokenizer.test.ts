import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { BYTE_CHARS, fromByteChars, toByteChars } from "../../../models/tokenizer/bytes.ts";
import { learnMerges } from "../../../models/tokenizer/learn.ts";
import { splitPieces } from "../../../models/tokenizer/split.ts";
import {
  loadTokenizer,
  PUP_TOKENIZER_PATH,
  Tokenizer,
  type TokenizerFile,
} from "../../../models/tokenizer/tokenizer.ts";
import { makeTokenizer } from "../../../models/tokenizer/train.ts";
import { makeWorld, passageOf, Rng } from "../../../models/world/index.ts";

const file = JSON.parse(readFileSync(PUP_TOKENIZER_PATH, "utf8")) as TokenizerFile;
const tokenizer = loadTokenizer();

const TEXTS = [
  "",
  " ",
  "Ilsa Torvane's ship sailed in 1843.\nIt's WE'RE I'LL o'clock",
  "  two spaces\n\n\n  three\r\n\ttab \n x   ",
  "Grüße, naïve café — “quotes” …",
  "ラクダは砂漠を歩く。東京2020年",
  "emoji 👩‍👩‍👧‍👦 🏳️‍🌈 ok🙂",
  "مرحبا بالعالم नमस्ते Ελληνικά",
  "nbsp\u00a0line\u2028sep\u0085next\ufeffbom",
  "\u0000\u0001\u007f",
  "<|end|><|begin|>",
  "x²½ Ⅻ ٣٤ 12345",
];

/** Merges by the letter of the definition: the lowest rank first, every pair of it from the left. */
function referenceEncode(text: string): number[] {
  const ids: number[] = [];
  for (const piece of splitPieces(text)) {
    let symbols = toByteChars(piece);
    for (const merge of file.merges) {
      const [left, right] = merge.split(" ") as [string, string];
      const next: string[] = [];
      for (let i = 0; i < symbols.length; i++) {
        if (symbols[i] === left && symbols[i + 1] === right) {
          next.push(left + right);
          i++;
        } else {
          next.push(symbols[i]!);
        }
      }
      symbols = next;
    }
    ids.push(...symbols.map((symbol) => file.tokens.indexOf(symbol)));
  }
  return ids;
}

function randomText(rng: Rng): string {
  const ranges = [
    [0x20, 0x7e],
    [0x41, 0x5a],
    [0x30, 0x39],
    [0x9, 0xd],
    [0xa0, 0x17f],
    [0x3040, 0x30ff],
    [0x1f300, 0x1f6ff],
    [0, 0xd7ff],
  ] as const;
  return Array.from({ length: rng.int(1, 40) }, () => {
    const [low, high] = rng.pick(ranges);
    return String.fromCodePoint(rng.int(low, high));
  }).join("");
}

describe("vocabulary", () => {
  test("control tokens, then the bytes, then the merges", () => {
    expect(file.tokens.slice(0, 2)).toEqual(["<|end|>", "<|begin|>"]);
    expect(file.tokens.slice(2, 258)).toEqual([...BYTE_CHARS]);
    expect(file.types).toEqual(file.tokens.map((_, id) => (id < 2 ? 3 : 1)));
    expect(file.tokens).toHaveLength(2048);
    expect(new Set(file.tokens).size).toBe(file.tokens.length);
    expect([file.eos, file.bos]).toEqual([0, 1]);
    expect(file.pre).toBe("qwen2");
  });

  // The embedded model is tied to its vocabulary, which was made before the lists of values grew.
  test("is what the script makes, but for the words that came later", () => {
    const made = makeTokenizer();
    expect([made.pre, made.bos, made.eos]).toEqual([file.pre, file.bos, file.eos]);
    const known = new Set(file.tokens);
    expect(made.tokens.filter((token) => known.has(token)).length).toBeGreaterThan(1700);
    expect(makeTokenizer()).toEqual(made);
  });

  test("a name is cut alike at the start of a line and after a space", () => {
    for (const entity of makeWorld({ seed: 3, split: "heldout", count: 200 })) {
      const name = entity.title.replace(/^The /, "");
      const texts = (text: string) => tokenizer.encode(text).map((id) => tokenizer.decode([id]));
      const [spaced, bare] = [texts(` ${name}`), texts(name)];
      if (spaced[0] === " ") spaced.splice(0, 2, ` ${spaced[1]}`);
      expect(spaced).toEqual([` ${bare[0]}`, ...bare.slice(1)]);
    }
  });
});

describe("splitting", () => {
  test("follows the expression of llama.cpp's qwen2", () => {
    expect(splitPieces("In 1843 it's (new)!\n\n  ok  ")).toEqual([
      "In",
      " ",
      "1",
      "8",
      "4",
      "3",
      " it",
      "'s",
      " (",
      "new",
      ")!\n\n",
      " ",
      " ok",
      "  ",
    ]);
    expect(splitPieces("a\u00a0\u00a0b\n \n c\ufeff.")).toEqual([
      "a",
      "\u00a0",
      "\u00a0b",
      "\n \n",
      " c",
      "\ufeff.",
    ]);
  });

  test("loses nothing", () => {
    const rng = new Rng(5);
    for (let i = 0; i < 300; i++) {
      const text = randomText(rng);
      expect(splitPieces(text).join("")).toBe(text);
    }
  });
});

describe("encoding", () => {
  test("round trip of arbitrary text", () => {
    const rng = new Rng(6);
    for (const text of [...TEXTS, ...Array.from({ length: 500 }, () => randomText(rng))]) {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });

  test("equals a naive reference", () => {
    const rng = new Rng(8);
    const passages = makeWorld({ seed: 2, split: "heldout", count: 20 }).map(
      (entity) => passageOf(entity, rng).text,
    );
    for (const text of [...TEXTS, ...passages, randomText(rng), randomText(rng)]) {
      expect(tokenizer.encode(text)).toEqual(referenceEncode(text));
    }
  });

  test("the text of a control token is ordinary text", () => {
    const ids = tokenizer.encode("<|end|>");
    expect(ids).not.toContain(file.eos);
    expect(tokenizer.decode([file.bos, ...ids, file.eos])).toBe("<|end|>");
  });

  test("a lone surrogate becomes the replacement character", () => {
    expect(tokenizer.decode(tokenizer.encode("a\ud800b"))).toBe("a\ufffdb");
  });

  test("an unknown token is an error", () => {
    expect(() => tokenizer.decode([99_999])).toThrow("no token 99999");
  });
});

describe("learning", () => {
  test("merges the most frequent pair first, ties in order", () => {
    const merges = learnMerges(
      new Map([
        ["abab", 2],
        ["cd", 4],
      ]),
      [{ symbols: 3, allowed: () => true }],
    );
    expect(merges).toEqual(["a b", "c d", "ab ab"]);
  });

  test("phases restrict what may merge", () => {
    const counts = new Map([["aab", 5]]);
    const merges = learnMerges(counts, [
      { symbols: 1, allowed: (left) => left !== "a" },
      { symbols: 1, allowed: (left, right) => left + right === "ab" },
    ]);
    expect(merges).toEqual(["a b"]);
  });

  test("bytes survive their alphabet", () => {
    expect(fromByteChars(BYTE_CHARS.join(""))).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(() => fromByteChars("日")).toThrow("not in the byte alphabet");
  });

  test("a tokenizer of bytes alone can encode anything", () => {
    const tokens = ["<|end|>", "<|begin|>", ...BYTE_CHARS];
    const types = tokens.map((_, id) => (id < 2 ? 3 : 1));
    const plain = new Tokenizer({ pre: "qwen2", tokens, types, merges: [], bos: 1, eos: 0 });
    expect(plain.encode("é")).toHaveLength(2);
    expect(plain.decode(plain.encode("é日🙂"))).toBe("é日🙂");
  });
});
