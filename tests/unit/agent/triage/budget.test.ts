import { beforeEach, describe, expect, test } from "bun:test";
import { pauseUntil } from "../../../../agent/gate/backoff.ts";
import { endOf, ledgerAt, metered, readLedger, spend } from "../../../../agent/triage/budget.ts";
import { restAt } from "../../../../agent/triage/permit.ts";
import { DEFAULT_TRIAGE } from "../../../../agent/triage/settings.ts";
import { type Database, openDatabase } from "../../../../db/open.ts";
import { setSetting } from "../../../../db/settings.ts";

const at = (day: number, hours = 12, minutes = 0) =>
  new Date(2026, 10, day, hours, minutes).getTime();
const HOUR = 3_600_000;

let db: Database;
beforeEach(() => {
  db = openDatabase(":memory:");
});

describe("the day's budget", () => {
  test("is counted by the day, and begins anew with the next", () => {
    spend(db, { updates: 2, seconds: 30 }, at(21));
    spend(db, { updates: 1 }, at(21, 23, 59));
    expect(readLedger(db, at(21))).toEqual({ day: "2026-11-21", updates: 3, seconds: 30 });
    expect(readLedger(db, at(22, 0, 1))).toEqual({ day: "2026-11-22", updates: 0, seconds: 0 });
    expect(endOf(readLedger(db, at(21)))).toBe(at(22, 0));
  });

  test("a clock that flaps around midnight brings no second budget", () => {
    spend(db, { updates: 5 }, at(22, 0, 10));
    expect(readLedger(db, at(21, 23, 10)).updates).toBe(5);
    spend(db, { updates: 1 }, at(21, 23, 20));
    expect(readLedger(db, at(22, 0, 5)).updates).toBe(6);
    expect(readLedger(db, at(23, 0, 5)).updates).toBe(0);
  });

  test("a clock that was far ahead locks nobody out: what it used counts for today alone", () => {
    const wrong = new Date(2031, 5, 1).getTime();
    spend(db, { updates: 9 }, wrong);
    const today = readLedger(db, at(21));
    expect(today).toMatchObject({ day: "2026-11-21", updates: 9 });
    spend(db, { updates: 1 }, at(21));
    expect(readLedger(db, at(21)).updates).toBe(10);
    expect(readLedger(db, at(22)).updates).toBe(0);
  });

  test("whatever jumps there are, nobody waits longer than to the end of tomorrow", () => {
    for (const jump of [-1, -2, -7, -40, 3, 400]) {
      const now = at(21) + jump * 24 * HOUR;
      const ledger = ledgerAt({ day: "2026-11-21", updates: 1, seconds: 0 }, now);
      expect(endOf(ledger) - now).toBeLessThanOrEqual(48 * HOUR);
      expect(endOf(ledger)).toBeGreaterThan(now);
    }
  });

  test("counts the time of a job, also of one that fails", async () => {
    const failing = metered(async () => {
      await Bun.sleep(30);
      throw new Error("it failed");
    });
    await expect(failing({ db } as never, {} as never)).rejects.toThrow("it failed");
    expect(readLedger(db).seconds).toBeGreaterThan(0.02);
  });
});

describe("a rest", () => {
  const rest = (change: Partial<typeof DEFAULT_TRIAGE>, now = at(21)) =>
    restAt(db, { ...DEFAULT_TRIAGE, ...change }, now);

  test("there is none by default", () => {
    spend(db, { updates: 1000, seconds: 100_000 }, at(21));
    expect(rest({})).toBeUndefined();
  });

  test("is what people say, the hours, or the budget; it says until when", () => {
    expect(rest({ paused: true })).toMatchObject({ reason: "paused", stops: true });
    const quiet = rest({ quietHours: [{ from: 660, to: 780 }] })!;
    expect(quiet).toMatchObject({ reason: "quiet", until: at(21, 13), stops: true });
    expect(quiet.message).toContain("13:00");
    spend(db, { updates: 3, seconds: 120 }, at(21));
    expect(rest({ dailyUpdates: 4 })).toBeUndefined();
    expect(rest({ dailyUpdates: 3 })).toMatchObject({ reason: "updates", until: at(22, 0) });
    expect(rest({ dailyMinutes: 2 })).toMatchObject({ reason: "minutes", stops: false });
    expect(rest({ dailyMinutes: 2 }, at(22))).toBeUndefined();
  });

  test("of the gate ends when it was to, and no later where the clock is set back", () => {
    setSetting(db, "learning.pause", { since: at(21), until: at(21) + HOUR });
    expect(rest({}, at(21) + 1000)).toMatchObject({ reason: "gate" });
    expect(rest({}, at(21) + HOUR)).toBeUndefined();
    expect(pauseUntil(db, at(1))).toBe(at(1) + HOUR);
    expect(pauseUntil(db, at(1) + HOUR - 1)).toBe(at(1) + HOUR);
    expect(pauseUntil(db, at(1) + HOUR)).toBeUndefined();
  });
});
