import { beforeEach, expect, test } from "bun:test";
import { addDocument, countDocuments, getDocument } from "../../../db/documents.ts";
import { addEvent, eventsAfter, latestEvents } from "../../../db/events.ts";
import { type Database, openDatabase } from "../../../db/open.ts";
import {
  addPassages,
  countPassages,
  decidePassage,
  getPassage,
  getPassages,
  listPassages,
} from "../../../db/passages.ts";
import { allSettings, deleteSetting, getSetting, setSetting } from "../../../db/settings.ts";

let db: Database;
beforeEach(() => {
  db = openDatabase(":memory:");
});

const add = (name: string) =>
  addDocument(db, { source: `/${name}`, format: "text", title: name, contentHash: name });
const passage = (position: number, text: string) => ({ position, title: "t", text, hash: text });

test("the same text is one document, whatever its name", () => {
  const first = addDocument(db, { source: "/a", format: "text", title: "a", contentHash: "h" });
  const second = addDocument(db, { source: "/b", format: "html", title: "b", contentHash: "h" });
  expect(first.added).toBe(true);
  expect(second).toEqual({ document: first.document, added: false });
  expect(countDocuments(db)).toBe(1);
  expect(getDocument(db, first.document.id)!.source).toBe("/a");
});

test("a passage belongs to the document that brought it first", () => {
  const a = add("a").document;
  const b = add("b").document;
  const first = addPassages(db, a.id, [passage(0, "x"), passage(1, "y"), passage(2, "x")]);
  expect(first.passages.map((p) => p.text)).toEqual(["x", "y"]);
  expect(first.added).toHaveLength(2);
  const second = addPassages(db, b.id, [passage(0, "y"), passage(1, "z")]);
  expect(second.passages.map((p) => p.text)).toEqual(["y", "z"]);
  expect(second.added.map((p) => p.text)).toEqual(["z"]);
  expect(listPassages(db, a.id).map((p) => p.text)).toEqual(["x", "y"]);
  expect(listPassages(db).map((p) => p.text)).toEqual(["x", "y", "z"]);
});

test("decisions are kept with their reasons, and counted", () => {
  const { passages } = addPassages(db, add("a").document.id, [passage(0, "x"), passage(1, "y")]);
  decidePassage(db, passages[0]!.id, "known", "All 6 probes were answered.");
  expect(getPassage(db, passages[0]!.id)!.reason).toBe("All 6 probes were answered.");
  expect(countPassages(db)).toEqual({
    new: 1,
    known: 1,
    learned: 0,
    rejected: 0,
    failed: 0,
    superseded: 0,
    review: 0,
    skipped: 0,
    unlearned: 0,
  });
  expect(getPassages(db, [passages[1]!.id, 999, passages[0]!.id]).map((p) => p.text)).toEqual([
    "x",
    "y",
  ]);
});

test("a passage without a document is refused", () => {
  expect(() => addPassages(db, 77, [passage(0, "x")])).toThrow("FOREIGN KEY");
});

test("events come in order after an id", () => {
  const ids = ["a", "b", "c"].map(
    (message) => addEvent(db, { level: "info", kind: "test", message }).id,
  );
  expect(eventsAfter(db, ids[0]!).map((e) => e.message)).toEqual(["b", "c"]);
  expect(latestEvents(db, 2).map((e) => e.message)).toEqual(["c", "b"]);
});

test("settings hold any JSON value", () => {
  setSetting(db, "n", 1);
  setSetting(db, "n", { deep: [1, "x"] });
  setSetting(db, "off", false);
  expect(getSetting(db, "n")).toEqual({ deep: [1, "x"] });
  expect(allSettings(db)).toEqual({ n: { deep: [1, "x"] }, off: false });
  deleteSetting(db, "n");
  expect(getSetting(db, "n")).toBeUndefined();
});
