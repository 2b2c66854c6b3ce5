import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addFolder } from "../../../../agent/sources/add.ts";
import { checkSource } from "../../../../agent/sources/check.ts";
import { runPoller } from "../../../../agent/sources/poller.ts";
import { listDocuments } from "../../../../db/documents.ts";
import { findItem, listItems } from "../../../../db/items.ts";
import { listPassages } from "../../../../db/passages.ts";
import { getSource, type Source } from "../../../../db/sources.ts";
import { buildDocx, buildEpub, buildPdf, prose } from "../../../corpus/build.ts";
import { openPlace, type Place } from "./site.ts";

let place: Place;
let folder: string;
let source: Source;
let clock: number;
beforeEach(() => {
  place = openPlace({ maxBytes: 100_000 });
  folder = join(place.dir, "notes");
  mkdirSync(folder);
  clock = Date.now() / 1000 - 1000;
  source = addFolder(place.db, folder).source;
});
afterEach(() => place.close());

/** Writes a file that has been lying there for a while. */
function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  clock += 1;
  utimesSync(path, clock, clock);
  return path;
}
const look = () =>
  checkSource({ db: place.db, limits: place.limits }, getSource(place.db, source.id)!);
const states = () =>
  Object.fromEntries(listItems(place.db, source.id).map(({ key, state }) => [key, state]));

test("files of every kind are read once, with where they came from", async () => {
  put("a.md", "# Tides\n\nThe tide turns.");
  put("deep/b.pdf", buildPdf([{ lines: prose(["A paper."]) }]));
  put("c.epub", buildEpub([{ name: "one", html: "<p>A book.</p>" }]));
  put("d.docx", buildDocx([{ text: "A letter." }]));
  put(".hidden.md", "no");
  put("photo.jpg", "no");
  expect(await look()).toEqual({ fresh: 4, changed: 0 });
  await place.readAll();
  expect(
    listDocuments(place.db)
      .map(({ format }) => format)
      .sort(),
  ).toEqual(["docx", "epub", "markdown", "pdf"]);
  expect(listDocuments(place.db).every(({ sourceId }) => sourceId === source.id)).toBe(true);
  expect(await look()).toEqual({ fresh: 0, changed: 0 });
});

test("a file that changes supersedes itself, one that goes leaves what was read of it", async () => {
  const path = put("a.txt", "The first text.");
  await look();
  await place.readAll();
  put("a.txt", "The second text.");
  expect(await look()).toEqual({ fresh: 0, changed: 1 });
  await place.readAll();
  const [second, first] = listDocuments(place.db);
  expect(first!.supersededBy).toBe(second!.id);
  rmSync(path);
  await look();
  expect(states()).toEqual({ "a.txt": "gone" });
  expect(listDocuments(place.db)).toHaveLength(2);
  expect(listPassages(place.db, second!.id)).toHaveLength(1);
  // Touched and back: the same text changes nothing.
  put("a.txt", "The second text.");
  await look();
  await place.readAll();
  expect([states(), listDocuments(place.db).length]).toEqual([{ "a.txt": "read" }, 2]);
});

test("a file that is renamed is the same document", async () => {
  const path = put("a.txt", "A text.");
  await look();
  await place.readAll();
  renameSync(path, join(folder, "b.txt"));
  await look();
  await place.readAll();
  expect(states()).toEqual({ "a.txt": "gone", "b.txt": "read" });
  expect(listDocuments(place.db)).toHaveLength(1);
});

test("a file that is still being written is left until it is whole", async () => {
  writeFileSync(join(folder, "a.txt"), "Half of");
  expect((await look()).fresh).toBe(0);
  expect(getSource(place.db, source.id)!.nextCheckAt).toBeLessThan(Date.now() + 3000);
  put("a.txt", "Half of it, and the other half.");
  expect((await look()).fresh).toBe(1);
});

test("a bad file says what is wrong with it, and the others are read", async () => {
  put("bad.pdf", "%PDF-1.4 cut off");
  put("empty.md", "");
  put("big.txt", "x".repeat(200_000));
  put("good.md", "Words.");
  await look();
  await place.readAll();
  expect(states()).toEqual({
    "bad.pdf": "failed",
    "empty.md": "failed",
    "big.txt": "failed",
    "good.md": "read",
  });
  expect(findItem(place.db, source.id, "big.txt")!.error).toContain("may have at most");
  expect(await look()).toEqual({ fresh: 0, changed: 0 });
  put("bad.pdf", buildPdf([{ lines: prose(["Whole now."]) }]));
  await look();
  await place.readAll();
  expect(states()["bad.pdf"]).toBe("read");
});

test("a folder that is not there is a state, and nothing is marked as gone", async () => {
  put("a.txt", "A text.");
  await look();
  await place.readAll();
  renameSync(folder, `${folder}-away`);
  await look();
  expect(getSource(place.db, source.id)!.error).toContain("does not exist");
  expect(states()).toEqual({ "a.txt": "read" });
  renameSync(`${folder}-away`, folder);
  await look();
  expect(getSource(place.db, source.id)!.error).toBeNull();
});

test("only folders can be watched", () => {
  const path = put("a.txt", "A text.");
  expect(() => addFolder(place.db, path)).toThrow("`selkie ingest` reads it once");
  expect(() => addFolder(place.db, join(folder, "none"))).toThrow("does not exist");
  expect(addFolder(place.db, `${folder}/`).added).toBe(false);
});

test("the poller sees a new file by itself", async () => {
  const stop = new AbortController();
  const { db, limits } = place;
  const timing = { tick: 50, round: 100 };
  const running = runPoller({ db, limits, signal: stop.signal, timing });
  await until(() => getSource(db, source.id)!.checkedAt !== null);
  await Bun.sleep(300);
  put("a.txt", "A text.");
  await until(() => states()["a.txt"] === "queued");
  stop.abort();
  await running;
});

async function until(done: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!done()) {
    if (Date.now() > end) throw new Error("It never came about.");
    await Bun.sleep(20);
  }
}
