import { describe, expect, test } from "bun:test";
import { decide, type Reading } from "../../../agent/decide.ts";
import { DEFAULT_SETTINGS } from "../../../agent/settings.ts";
import type { Score } from "../../../trainer/types.ts";

const scores = (right: number, of: number): Score[] =>
  Array.from({ length: of }, (_, i) => ({ logprob: -2, tokens: 2, exact: i < right }));
const verdict = (right: number, reading: Reading = {}, settings = DEFAULT_SETTINGS) =>
  decide(scores(right, 10), settings, reading).verdict;

describe("a decision", () => {
  test("is known from enough right answers, and says why in figures", () => {
    expect(verdict(8)).toBe("known");
    expect(verdict(7)).toBe("study");
    expect(decide([], DEFAULT_SETTINGS).verdict).toBe("study");
    const { reason, accuracy, logprob } = decide(scores(7, 10), DEFAULT_SETTINGS, {
      surprise: 3,
      typical: 2.5,
    });
    expect([accuracy, logprob]).toEqual([0.7, -1]);
    expect(reason).toBe(
      "7 of 10 questions answered without the passage (70%; known from 80%), log-probability -1.00 per token; its text surprises by 3.00 nats per token, 1.20 times the typical 2.50: worth studying.",
    );
  });

  test("a text that surprises says more than the questions asked", () => {
    expect(verdict(10, { surprise: 3.7, typical: 2.5 })).toBe("known");
    expect(verdict(10, { surprise: 3.8, typical: 2.5 })).toBe("study");
    // Nobody knows yet what is typical, or there is no text.
    expect(verdict(10, { surprise: 3.8 })).toBe("known");
    expect(verdict(10, { surprise: null, typical: 2.5 })).toBe("known");
    expect(verdict(10, { surprise: 3.8, typical: 0 })).toBe("known");
  });

  test("one far from what was read before is put before a person, once, and if they want to be asked", () => {
    const strange = { surprise: 5, typical: 2.5 };
    expect(verdict(0, strange)).toBe("review");
    expect(verdict(10, strange)).toBe("review");
    expect(verdict(0, { ...strange, wanted: true })).toBe("study");
    expect(verdict(0, strange, { ...DEFAULT_SETTINGS, reviewSurprise: 0 })).toBe("study");
  });

  test("what people asked and is answered wrong is studied, however much else is known", () => {
    expect(verdict(9, { missed: 1 })).toBe("study");
    expect(verdict(9, { missed: 0 })).toBe("known");
  });
});
