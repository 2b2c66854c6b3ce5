import { describe, expect, test } from "bun:test";
import { containsAnswer, normaliseAnswer, sameAnswer } from "../../../../agent/probe/answers.ts";

describe("normaliseAnswer", () => {
  test.each([
    ["The Denver Broncos.", "denver broncos"],
    ['"golden anniversary"', "golden anniversary"],
    ["24–10", "2410"],
    ["  a   big\tship ", "big ship"],
    ["Ｆｕｌｌ width", "full width"],
    ["東京。", "東京"],
  ])("%p becomes %p", (text, expected) => {
    expect(normaliseAnswer(text)).toBe(expected);
  });

  test("an answer of nothing but articles or signs keeps them", () => {
    expect(normaliseAnswer("The")).toBe("the");
    expect(normaliseAnswer("&")).toBe("&");
    expect(normaliseAnswer("")).toBe("");
  });
});

test("sameAnswer ignores case, articles and punctuation", () => {
  expect(sameAnswer("the Toab", "Toab.")).toBe(true);
  expect(sameAnswer("Toab", "Toja")).toBe(false);
});

describe("containsAnswer", () => {
  test("matches whole words only", () => {
    expect(containsAnswer("It sailed in 1312.", "131")).toBe(false);
    expect(containsAnswer("It sailed in 1312.", "1312")).toBe(true);
    expect(containsAnswer("the Red Bridge of Toab", "red bridge")).toBe(true);
  });

  test("nothing contains an empty answer", () => {
    expect(containsAnswer("anything", " ")).toBe(false);
  });
});
