import { describe, expect, test } from "bun:test";
import { pack, type TokenRow, targetCount, WINDOW_TOKENS } from "../../../trainer/model/packing.ts";
import { randomRow } from "../../support/rows.ts";

const row = (tokens: number[], loss: number[]): TokenRow => ({
  tokens: Int32Array.from(tokens),
  loss: Uint8Array.from(loss),
});
const lengths = (...all: number[]): TokenRow[] => all.map((n) => randomRow(n, n, 100));
const windowsOf = (rows: TokenRow[], tokens?: number): [number, number][] =>
  pack(rows, tokens).windows.map(({ start, count }) => [start, count]);

test("rows lie end to end, each with positions of its own", () => {
  const batch = pack([row([5, 6, 7], [0, 1, 1]), row([8, 9], [0, 1])]);
  expect([...batch.tokens]).toEqual([5, 6, 7, 8, 9]);
  expect([...batch.positions]).toEqual([0, 1, 2, 0, 1]);
});

test("a target is predicted by the token before it, in its own row", () => {
  const batch = pack([row([5, 6, 7, 8], [1, 0, 1, 1]), row([9, 10], [0, 1])]);
  expect([...batch.targetRows]).toEqual([1, 2, 4]);
  expect([...batch.labels]).toEqual([7, 8, 10]);
  expect([...batch.owners]).toEqual([0, 0, 1]);
});

test("a row's first token is no target, whatever its flag", () => {
  const rows = [row([5, 6], [1, 0]), row([7], [1]), row([8, 9], [1, 1])];
  expect(rows.map(targetCount)).toEqual([0, 0, 1]);
  expect([...pack(rows).labels]).toEqual([9]);
});

test("targetCount counts what pack supervises", () => {
  for (const r of lengths(1, 2, 17, 200)) expect(pack([r]).labels.length).toBe(targetCount(r));
});

describe("windows", () => {
  test("hold as many whole rows as fit", () => {
    expect(windowsOf(lengths(4, 6, 1, 9), 10)).toEqual([
      [0, 10],
      [10, 10],
    ]);
    expect(windowsOf(lengths(4, 7, 3, 1), 10)).toEqual([
      [0, 4],
      [4, 10],
      [14, 1],
    ]);
  });

  test("a longer row has one of its own", () => {
    expect(windowsOf(lengths(25, 3, 30, 4), 10)).toEqual([
      [0, 25],
      [25, 3],
      [28, 30],
      [58, 4],
    ]);
  });

  test("cover every token once, by default too", () => {
    const rows = lengths(100, 27, 1, 1, 300, 64, 64, 5);
    let at = 0;
    for (const { start, count, mask } of pack(rows).windows) {
      expect(start).toBe(at);
      expect(mask.length).toBe(count * count);
      expect(count <= WINDOW_TOKENS || rows.some((r) => r.tokens.length === count)).toBe(true);
      at += count;
    }
    expect(at).toBe(562);
  });

  test("nothing packs to nothing", () => {
    expect(windowsOf([])).toEqual([]);
    expect(pack([]).tokens.length).toBe(0);
  });
});

test("a mask lets a token see itself and what precedes it in its own row", () => {
  const [first, second] = pack(lengths(2, 3, 4), 6).windows;
  const drawn = (window: typeof first): string[] =>
    Array.from({ length: window!.count }, (_, query) =>
      [...window!.mask.slice(query * window!.count, (query + 1) * window!.count)]
        .map((x) => (x === 0 ? "1" : x === Number.NEGATIVE_INFINITY ? "." : "?"))
        .join(""),
    );
  expect(drawn(first)).toEqual(["1....", "11...", "..1..", "..11.", "..111"]);
  expect(drawn(second)).toEqual(["1...", "11..", "111.", "1111"]);
});
