import { afterEach, beforeEach, expect, test } from "bun:test";
import { checkForgetting } from "../../../../agent/measure/alarm.ts";
import { latestEvents } from "../../../../db/events.ts";
import { type MemoryFigures, saveMeasurement } from "../../../../db/measurements.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";

let db: Database;
beforeEach(() => {
  db = openDatabase(":memory:");
});
afterEach(() => closeDatabase(db));

/** A measurement that found so much forgotten. */
function measured(forgetting: MemoryFigures["forgetting"]): void {
  saveMeasurement(db, {
    versionId: 0,
    kind: "sample",
    figures: { forgetting } as MemoryFigures,
    forward: null,
    seconds: 1,
  });
}
const alarms = () => latestEvents(db).filter(({ kind }) => kind === "memory.alarm");
const around = (mean: number) => ({ mean, low: mean - 0.05, high: mean + 0.05 });

test("there is an alarm when surely more is forgotten than is allowed, once", () => {
  checkForgetting(db, 0.1);
  for (const mean of [0, 0.14]) {
    measured(around(mean));
    checkForgetting(db, 0.1);
  }
  // 0.14 may still be as little as 0.09.
  expect(alarms()).toEqual([]);
  measured(around(0.2));
  checkForgetting(db, 0.1);
  checkForgetting(db, 0.1);
  expect(alarms()).toHaveLength(1);
  expect(alarms()[0]!.message).toContain("forgotten 20%");
  expect(alarms()[0]!.level).toBe("warning");
  measured(around(0.3));
  checkForgetting(db, 0.1);
  measured(around(0.12));
  checkForgetting(db, 0.1);
  measured(around(0.3));
  checkForgetting(db, 0.1);
  expect(alarms()).toHaveLength(1);
});

test("after a calm measurement there can be another one", () => {
  for (const mean of [0.3, 0.05, 0.3]) {
    measured(around(mean));
    checkForgetting(db, 0.1);
  }
  expect(alarms()).toHaveLength(2);
});

test("where nothing can be said, or everything may be forgotten, there is none", () => {
  measured(null);
  checkForgetting(db, 0.1);
  measured(around(0.9));
  checkForgetting(db, 1);
  expect(alarms()).toEqual([]);
});
