import { describe, expect, test } from "bun:test";
import { hoursText, parseHours, quietUntil } from "../../../../agent/triage/hours.ts";

const at = (hours: number, minutes = 0, day = 21) =>
  new Date(2026, 10, day, hours, minutes).getTime();

describe("quiet hours", () => {
  test("are read as people write them, and written back", () => {
    expect(parseHours("22:00-07:00")).toEqual([{ from: 1320, to: 420 }]);
    expect(parseHours(" 8-18 , 20:30–21 ")).toEqual([
      { from: 480, to: 1080 },
      { from: 1230, to: 1260 },
    ]);
    expect(parseHours("")).toEqual([]);
    expect(hoursText(parseHours("22-7, 12:05-13")!)).toBe("22:00-07:00, 12:05-13:00");
    expect(parseHours("18-24")).toEqual([{ from: 1080, to: 1440 }]);
  });

  test("that are none, or leave no time at all, are refused", () => {
    for (const text of [
      "night",
      "7",
      "25-26",
      "10:70-11",
      "8-8",
      "0-24",
      "0-12,12-24",
      "22-7,6-23",
    ]) {
      expect(parseHours(text)).toBeUndefined();
    }
  });

  test("last until their end, over midnight and from one range into the next", () => {
    const night = parseHours("22-7")!;
    expect(quietUntil(night, at(21, 59))).toBeUndefined();
    expect(quietUntil(night, at(22))).toBe(at(7, 0, 22));
    expect(quietUntil(night, at(6, 59))).toBe(at(7));
    expect(quietUntil(night, at(7))).toBeUndefined();
    expect(quietUntil(parseHours("8-12,12-14")!, at(9, 30))).toBe(at(14));
  });

  test("a clock that is set back is believed, and nothing is remembered that could lock", () => {
    const noon = parseHours("12-13")!;
    expect(quietUntil(noon, at(12, 30))).toBe(at(13));
    expect(quietUntil(noon, at(11, 30))).toBeUndefined();
    expect(quietUntil(noon, at(12, 30))).toBe(at(13));
  });
});
