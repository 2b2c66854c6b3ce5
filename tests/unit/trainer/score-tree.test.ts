import { describe, expect, test } from "bun:test";
import { random } from "../../../trainer/random.ts";
import { batches, ROW_STEP } from "../../../trainer/scoring/batch.ts";
import {
  MAX_RUN,
  pathOf,
  prefixTree,
  type TreeNode,
} from "../../../trainer/scoring/prefix-tree.ts";

const sequences = (...texts: string[]): Int32Array[] =>
  texts.map((text) => Int32Array.from(text, (c) => c.charCodeAt(0)));
const text = (tokens: Iterable<number>): string => String.fromCharCode(...tokens);
const runs = (node: TreeNode): string[] => pathOf(node).map(({ tokens }) => text(tokens));

describe("a prefix tree", () => {
  test("has what sequences share once, at any token", () => {
    const { ends } = prefixTree(sequences("abcdefX", "abcdefYZ", "abcQ", "zz"), 1);
    expect(ends.map(runs)).toEqual([
      ["abc", "def", "X"],
      ["abc", "def", "YZ"],
      ["abc", "Q"],
      ["zz"],
    ]);
    const [x, y, q] = ends as [TreeNode, TreeNode, TreeNode];
    expect(x.parent).toBe(y.parent!);
    expect(q.parent).toBe(x.parent!.parent!);
    expect(pathOf(x).map(({ depth }) => depth)).toEqual([0, 3, 6]);
  });

  test("a sequence may be another's beginning, or the same", () => {
    const { ends } = prefixTree(sequences("abc", "ab", "abc"), 1);
    expect(ends.map(runs)).toEqual([["ab", "c"], ["ab"], ["ab", "c"]]);
    expect(ends[0]).toBe(ends[2]!);
  });

  test("does not branch where that spares too little", () => {
    const { ends } = prefixTree(sequences("abX", "abY", "abcdefgh1", "abcdefgh2"), 6);
    expect(ends.map(runs)).toEqual([
      ["ab", "X"],
      ["ab", "Y"],
      ["ab", "cdefgh", "1"],
      ["ab", "cdefgh", "2"],
    ]);
    const { ends: fewer } = prefixTree(sequences("abX", "abY"), 6);
    expect(fewer.map(runs)).toEqual([["abX"], ["abY"]]);
    const { ends: none } = prefixTree(sequences("abX", "ab", "ab"), Number.POSITIVE_INFINITY);
    expect(none.map(runs)).toEqual([["abX"], ["ab"], ["ab"]]);
  });

  test("long runs are cut", () => {
    const long = new Int32Array(2 * MAX_RUN + 5).fill(7);
    const { ends } = prefixTree([long]);
    expect(pathOf(ends[0]!).map(({ tokens }) => tokens.length)).toEqual([MAX_RUN, MAX_RUN, 5]);
  });

  test("spells every sequence, whatever they share", () => {
    const next = random(1);
    const all = Array.from({ length: 300 }, () =>
      Int32Array.from({ length: 1 + Math.floor(next() * 12) }, () => Math.floor(next() * 3)),
    );
    for (const minSaved of [1, 4, 20, Number.POSITIVE_INFINITY]) {
      const { ends, order } = prefixTree(all, minSaved);
      expect(ends.map((end) => runs(end).join(""))).toEqual(all.map(text));
      expect([...order].sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
    }
  });

  test("of nothing", () => {
    expect(prefixTree([])).toEqual({ ends: [], order: [] });
  });
});

describe("batches", () => {
  const row = (s: string, open: number) => ({
    tokens: sequences(s)[0]!,
    loss: Uint8Array.from(s, (_, i) => (i >= open ? 1 : 0)),
  });
  const cut = (rows: ReturnType<typeof row>[], maxTokens: number, minSaved = 1) => [
    ...batches(
      rows,
      prefixTree(
        rows.map((r) => r.tokens.subarray(0, -1)),
        minSaved,
      ),
      maxTokens,
      2,
    ),
  ];

  test("each target is predicted by what stands before it in its own row", () => {
    const rows = [row("whoisit", 5), row("whoisshe", 5), row("when", 3), row("whoisit", 6)];
    const seen = new Map<number, string>();
    for (const batch of cut(rows, 100)) {
      for (const { row, label, owner } of batch.targets) {
        const at = batch.rows[row]!;
        const path = batch.groups
          .flatMap((group) => group.runs)
          .find(({ own }) => own.includes(at))!.path;
        const before = text(path.slice(0, path.indexOf(at) + 1).map((i) => batch.tokens[i]!));
        seen.set(owner, `${seen.get(owner) ?? ""}[${before}>${text([label])}]`);
      }
    }
    expect([0, 1, 2, 3].map((i) => seen.get(i))).toEqual([
      "[whois>i][whoisi>t]",
      "[whois>s][whoiss>h][whoissh>e]",
      "[whe>n]",
      "[whoisi>t]",
    ]);
  });

  test("compute shared tokens once and stay within their size", () => {
    const rows = ["1", "2", "3", "4"].map((end) => row(`a long question${end}?`, 15));
    const [one, ...others] = cut(rows, 100);
    expect(others).toEqual([]);
    expect(one!.tokens.length).toBe(20); // 15 + 4, filled up
    expect([...one!.positions.slice(0, 19)]).toEqual([...Array(15).keys(), 15, 15, 15, 15]);
    for (const batch of cut(rows, 17)) {
      expect(batch.tokens.length % ROW_STEP).toBe(0);
      expect(batch.rows.length % ROW_STEP).toBe(0);
      expect(batch.positions.length).toBeLessThanOrEqual(20);
    }
    expect(cut(rows, 17)).toHaveLength(2);
    expect(cut(rows, 3)).toHaveLength(4);
  });
});
