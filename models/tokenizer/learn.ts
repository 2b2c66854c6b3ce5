import { toByteChars } from "./bytes.ts";

interface Word {
  symbols: string[];
  count: number;
}

/** Whether two neighbouring symbols may become one. */
export type Allowed = (left: string, right: string) => boolean;

/**
 * Learns byte-pair merges: the most frequent pair of neighbours becomes one symbol, again and
 * again. Ties go to the pair that sorts first, so that the result depends on the counts alone.
 * @param counts how often each piece occurs
 * @param phases how many new symbols to make, and from which pairs, one phase after the other;
 *   earlier merges have priority when text is encoded
 * @returns merges in order of priority, as `left right`
 */
export function learnMerges(
  counts: ReadonlyMap<string, number>,
  phases: readonly { symbols: number; allowed: Allowed }[],
): string[] {
  const words = [...counts].map(([piece, count]) => ({ symbols: toByteChars(piece), count }));
  const pairs = new PairCounts(words);
  const known = new Set<string>();
  const merges: string[] = [];
  for (const { symbols, allowed } of phases) {
    const target = known.size + symbols;
    while (known.size < target) {
      const best = pairs.best(allowed);
      if (best === undefined) break;
      merges.push(best);
      const [left, right] = best.split(" ") as [string, string];
      // Two different merges can make the same symbol.
      known.add(left + right);
      pairs.merge(best, left, right);
    }
  }
  return merges;
}

class PairCounts {
  private readonly counts = new Map<string, number>();
  /** Words that have, or once had, the pair. */
  private readonly holders = new Map<string, Set<Word>>();

  constructor(words: Word[]) {
    for (const word of words) this.add(word, 1);
  }

  best(allowed: Allowed): string | undefined {
    let best: string | undefined;
    let most = 1;
    for (const [pair, count] of this.counts) {
      if (count < most || (count === most && (best === undefined || pair > best))) continue;
      const [left, right] = pair.split(" ") as [string, string];
      if (!allowed(left, right)) continue;
      best = pair;
      most = count;
    }
    return best;
  }

  merge(pair: string, left: string, right: string): void {
    for (const word of this.holders.get(pair) ?? []) {
      this.add(word, -1);
      word.symbols = mergeSymbols(word.symbols, left, right);
      this.add(word, 1);
    }
    this.holders.delete(pair);
    this.counts.delete(pair);
  }

  private add(word: Word, sign: 1 | -1): void {
    for (let i = 1; i < word.symbols.length; i++) {
      const pair = `${word.symbols[i - 1]} ${word.symbols[i]}`;
      const count = (this.counts.get(pair) ?? 0) + sign * word.count;
      if (count > 0) this.counts.set(pair, count);
      else this.counts.delete(pair);
      if (sign === -1) continue;
      const holders = this.holders.get(pair);
      if (holders === undefined) this.holders.set(pair, new Set([word]));
      else holders.add(word);
    }
  }
}

function mergeSymbols(symbols: string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      merged.push(left + right);
      i++;
    } else {
      merged.push(symbols[i] as string);
    }
  }
  return merged;
}
