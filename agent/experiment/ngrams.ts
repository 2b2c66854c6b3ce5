/** What stands for names and numbers, which differ from text to text. */
const NAME = "\u0000";
const WORD = /[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}'’.,-]*[\p{L}\p{M}\p{N}])?/gu;
/** Words of the texts lie one behind the other; this is between two texts. */
const BORDER = -1;

/** How much of a text occurs in others. */
export interface Run {
  /** Words of the longest run that it has in common with any of them. */
  longest: number;
  /** Words of the text itself: names and numbers count as one where they stand together. */
  words: number;
}

/**
 * Finds the longest run of words that a text has in common with any of a set, with names and numbers
 * masked: what is compared is wording. A word is a name if it is capitalised and never occurs in lower
 * case, or has a digit.
 */
export class NgramIndex {
  private readonly ids = new Map<string, number>();
  private readonly words: Int32Array;
  /** Places of each pair of neighbouring words. */
  private readonly pairs = new Map<number, number[]>();
  /** Words that occur at all: a run of one. */
  private readonly single = new Set<number>();
  readonly texts: number;

  /** @param common words in lower case that are no names, even where they are capitalised */
  constructor(
    texts: Iterable<string>,
    private readonly common: ReadonlySet<string>,
  ) {
    const all: number[] = [];
    const seen = new Set<string>();
    let count = 0;
    for (const text of texts) {
      count += 1;
      const words = maskedWords(text, common);
      const key = words.join(" ");
      // Texts of one wording with other names are one.
      if (seen.has(key)) continue;
      seen.add(key);
      all.push(...words.map((word) => this.idOf(word)), BORDER);
    }
    this.texts = count;
    this.words = Int32Array.from(all);
    for (let i = 0; i < this.words.length; i++) {
      const [word, next] = [this.words[i]!, this.words[i + 1] ?? BORDER];
      if (word !== BORDER) this.single.add(word);
      if (word === BORDER || next === BORDER) continue;
      const key = pairOf(word, next);
      const places = this.pairs.get(key);
      if (places) places.push(i);
      else this.pairs.set(key, [i]);
    }
  }

  longestRun(text: string): Run {
    const words = maskedWords(text, this.common).map((word) => this.ids.get(word) ?? BORDER - 1);
    let longest = words.some((word) => this.single.has(word)) ? 1 : 0;
    for (let i = 0; i + longest < words.length; i++) {
      for (const at of this.pairs.get(pairOf(words[i]!, words[i + 1]!)) ?? []) {
        let n = 2;
        while (i + n < words.length && this.words[at + n] === words[i + n]) n += 1;
        longest = Math.max(longest, n);
      }
    }
    return { longest, words: words.length };
  }

  private idOf(word: string): number {
    const id = this.ids.get(word) ?? this.ids.size;
    this.ids.set(word, id);
    return id;
  }
}

/** The words of a text in lower case, names and numbers masked, several in a row as one. */
export function maskedWords(text: string, common: ReadonlySet<string>): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(WORD)) {
    const lower = word.toLowerCase();
    const isName = /\p{N}/u.test(word) || (/^\p{Lu}/u.test(word) && !common.has(lower));
    if (!isName) words.push(lower);
    else if (words.at(-1) !== NAME) words.push(NAME);
  }
  return words;
}

/** All words that occur in lower case somewhere. */
export function commonWords(texts: Iterable<string>): Set<string> {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORD)) if (/^\p{Ll}/u.test(word)) words.add(word);
  }
  return words;
}

function pairOf(a: number, b: number): number {
  return a * 2 ** 24 + b;
}
