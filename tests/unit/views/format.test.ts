import { describe, expect, test } from "bun:test";
import {
  clip,
  counted,
  duration,
  nats,
  percent,
  points,
  signed,
  timeLeft,
} from "../../../views/format.ts";

describe("numbers", () => {
  test("are counted with their noun", () => {
    expect(counted(1, "passage")).toBe("1 passage");
    expect(counted(0, "passage")).toBe("0 passages");
    expect(counted(12_345, "job")).toBe("12,345 jobs");
  });

  test("have a true minus sign, and a dash where there is none", () => {
    expect(nats(-1.234)).toBe("−1.23");
    expect(nats(-0.001)).toBe("0.00");
    expect(signed(0.5)).toBe("+0.50");
    expect(signed(-0.08)).toBe("−0.08");
    expect(signed(0)).toBe("0.00");
    expect(percent(0.834)).toBe("83%");
    expect(points(-0.034)).toBe("−3%");
    expect(points(0.034)).toBe("+3%");
    expect(points(-0.001)).toBe("0%");
    for (const none of [null, undefined, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect([nats(none), signed(none), percent(none), points(none), duration(none)]).toEqual(
        Array(5).fill("–"),
      );
    }
  });
});

describe("lengths of time", () => {
  test.each([
    [0.04, "0.0 s"],
    [9.94, "9.9 s"],
    [9.97, "10 s"],
    [59.6, "1 min"],
    [65, "1 min 5 s"],
    [120, "2 min"],
    [3599.7, "1 h"],
    [3780, "1 h 3 min"],
    [7200, "2 h"],
  ])("%p seconds are %p", (seconds, words) => expect(duration(seconds)).toBe(words));

  test.each([
    [0.3, "under a second"],
    [7.2, "about 8 s"],
    [41, "about 45 s"],
    [118, "about 2 min"],
    [130, "about 3 min"],
  ])("%p seconds left are %p", (seconds, words) => expect(timeLeft(seconds)).toBe(words));
});

describe("clipping", () => {
  test("leaves what fits, cuts between words, and never inside a character", () => {
    expect(clip("The Klindmel Light", 18)).toBe("The Klindmel Light");
    expect(clip("The Klindmel Light of Lirwold", 18)).toBe("The Klindmel…");
    expect(clip("👩‍🚀".repeat(20), 5)).not.toContain("\ufffd");
    expect(clip("🚢".repeat(20), 5)).toBe(`${"🚢".repeat(4)}…`);
    expect(clip("  two\n\nlines ", 20)).toBe("two lines");
  });
});
