import { describe, expect, test } from "bun:test";
import {
  ALIGNMENT,
  MATRIX_ALIGNMENT,
  pack,
  type TokenRow,
  targetCount,
  WINDOW_TOKENS,
} from "../../../trainer/model/packing.ts";
import { randomRow } from "../../support/rows.ts";

const row = (tokens: number[], loss: number[]): TokenRow => ({
  tokens: Int32Array.from(tokens),
  loss: Uint8Array.from(loss),
});
const lengths = (...all: number[]): TokenRow[] => all.map((n) => randomRow(n, n, 100));
const windowsOf = (rows: TokenRow[], tokens?: number): [number, number][] =>
  pack(rows, tokens, 1).windows.map(({ start, count }) => [start, count]);

test("rows lie end to end, each with positions of its own", () => {
  const batch = pack([row([5, 6, 7], [0, 1, 1]), row([8, 9], [0, 1])]);
  expect([...batch.tokens.slice(0, 5)]).toEqual([5, 6, 7, 8, 9]);
  expect([...batch.positions.slice(0, 5)]).toEqual([0, 1, 2, 0, 1]);
  expect(batch.rowTokens).toBe(5);
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
  test("hold as many whole rows as fit, the longest first", () => {
    expect(windowsOf(lengths(4, 6, 1, 9), 10)).toEqual([
      [0, 10],
      [10, 10],
    ]);
    expect(windowsOf(lengths(4, 7, 3, 1), 10)).toEqual([
      [0, 10],
      [10, 5],
    ]);
  });

  test("a longer row has one of its own", () => {
    expect(windowsOf(lengths(25, 3, 30, 4), 10)).toEqual([
      [0, 30],
      [30, 25],
      [55, 7],
    ]);
  });

  test("cover every token once and are filled up to a multiple of 16, the batch to one of 32 where asked", () => {
    const rows = lengths(100, 27, 1, 1, 300, 64, 64, 5);
    const batch = pack(rows, WINDOW_TOKENS, ALIGNMENT, MATRIX_ALIGNMENT);
    let at = 0;
    for (const { start, count, mask } of batch.windows) {
      expect(start).toBe(at);
      expect(count % ALIGNMENT).toBe(0);
      expect(mask.length).toBe(count * count);
      expect(count <= WINDOW_TOKENS || count === 304).toBe(true);
      at += count;
    }
    expect(at).toBe(batch.tokens.length);
    expect(at % MATRIX_ALIGNMENT).toBe(0);
    expect(batch.rowTokens).toBe(562);
    expect(at).toBeLessThan(562 + ALIGNMENT * (batch.windows.length + 1));
  });

  test("nothing packs to nothing", () => {
    expect(windowsOf([])).toEqual([]);
    expect(pack([]).tokens.length).toBe(0);
  });
});

test("a mask lets a token see itself and what precedes it in its own row; filler sees itself", () => {
  const windows = pack(lengths(2, 3, 4), 6, 4).windows;
  const drawn = windows.map(({ count, mask }) =>
    Array.from({ length: count }, (_, query) =>
      [...mask.slice(query * count, (query + 1) * count)]
        .map((x) => (x === 0 ? "1" : x === Number.NEGATIVE_INFINITY ? "." : "?"))
        .join(""),
    ),
  );
  const row = (n: number, at: number, width: number): string[] =>
    Array.from({ length: n }, (_, i) => `${".".repeat(at)}${"1".repeat(i + 1)}`.padEnd(width, "."));
  expect(drawn).toEqual([
    [...row(4, 0, 8), ...row(2, 4, 8), "......1.", ".......1"],
    [...row(3, 0, 4), "...1"],
  ]);
});
