import { afterEach, beforeEach, expect, test } from "bun:test";
import { learnKey } from "../../../agent/triage/key.ts";
import { changeSettings } from "../../../app/settings-list.ts";
import { choicesOf } from "../../../bench/newspaper/choices.ts";
import { memoryInUse } from "../../../bench/newspaper/processes.ts";
import { addDocument } from "../../../db/documents.ts";
import { enqueueJob } from "../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { addPassages, decidePassage } from "../../../db/passages.ts";

let db: Database;
beforeEach(() => {
  db = openDatabase(":memory:");
});
afterEach(() => closeDatabase(db));

function passages(count: number): number[] {
  const draft = { source: "a", format: "text", title: "A", contentHash: "a" } as const;
  const { document } = addDocument(db, draft);
  const drafts = Array.from({ length: count }, (_, position) => ({
    ...{ position, title: `${position}`, text: `Text ${position}.`, hash: `${position}` },
  }));
  return addPassages(db, document.id, drafts).passages.map(({ id }) => id);
}

test("every passage is told with its reason, and those that have none are counted", () => {
  const [one, two, three, four, ...rest] = passages(8) as [number, number, number, number];
  decidePassage(db, one, "learned", "Edit 1 of 3 brought +1.25.");
  decidePassage(db, two, "learned", "Edit 3 of 3 brought +0.50.");
  decidePassage(db, three, "rejected", "");
  enqueueJob(db, { kind: "learn", payload: { passageId: four }, key: learnKey(four) });
  changeSettings(db, { pause: "on" });
  const { decided, waiting, unexplained } = choicesOf(db);
  expect(decided).toEqual([
    {
      ...{ decision: "learned", reason: "Edit # of # brought #.", passages: 2 },
      example: "Edit 1 of 3 brought +1.25.",
    },
    { decision: "rejected", reason: "", passages: 1, example: "" },
  ]);
  expect(waiting).toEqual({
    passages: 1,
    rest: expect.stringContaining("Learning is paused"),
    places: [{ why: "in the order in which they came", passages: 1 }],
  });
  // One says nothing, and of those that neither wait nor are decided one may be under way.
  expect(unexplained).toBe(1 + rest.length - 1);
});

test.skipIf(process.platform !== "linux")("the memory of processes below counts", async () => {
  const before = memoryInUse();
  expect(before.own).toBeGreaterThan(10);
  const child = Bun.spawn(["sleep", "60"]);
  expect(memoryInUse().others).toBeGreaterThan(before.others);
  child.kill();
  await child.exited;
});
