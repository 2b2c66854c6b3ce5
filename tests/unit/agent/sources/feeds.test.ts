import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { answerAll, answerDocument } from "../../../../agent/read/consent.ts";
import { admitItems, repairItems } from "../../../../agent/sources/admit.ts";
import { checkSource } from "../../../../agent/sources/check.ts";
import { listDocuments } from "../../../../db/documents.ts";
import { latestEvents } from "../../../../db/events.ts";
import { changeItem, findItem, listItems } from "../../../../db/items.ts";
import { claimJob, failJob, listJobs } from "../../../../db/jobs.ts";
import { listPassages } from "../../../../db/passages.ts";
import {
  addSource,
  changeSource,
  countBySource,
  getSource,
  type NewSource,
  type Source,
} from "../../../../db/sources.ts";
import { type FeedEntry, openPlace, type Place, rssOf } from "./site.ts";

/** What the feed has, how it answers, and what it was asked. */
let entries: FeedEntry[];
let answer: ((request: Request) => Response | undefined) | undefined;
let asked: Request[];
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => {
    asked.push(request);
    const { pathname } = new URL(request.url);
    const own = answer?.(request);
    if (own) return own;
    if (pathname === "/feed") {
      const body = rssOf(entries);
      const etag = `"${Bun.hash(body)}"`;
      if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
      return new Response(body, { headers: { "content-type": "application/rss+xml", etag } });
    }
    if (pathname.startsWith("/page")) {
      const words = "The whole story of the ferry is told on this page. ".repeat(40);
      return new Response(`<html><title>P</title><article><p>${words}</p></article></html>`, {
        headers: { "content-type": "text/html" },
      });
    }
    return new Response("no", { status: 404 });
  },
});
afterAll(() => server.stop(true));
const at = (path: string) => new URL(path, server.url).href;

let place: Place;
let source: Source;
beforeEach(() => {
  place = openPlace();
  entries = [{ id: "b" }, { id: "a" }];
  answer = undefined;
  asked = [];
  source = add();
});
afterEach(() => place.close());

const add = (more: Partial<NewSource> = {}) =>
  addSource(place.db, { kind: "feed", address: at("/feed"), title: "F", content: "feed", ...more })
    .source;
const look = () =>
  checkSource({ db: place.db, limits: place.limits }, getSource(place.db, source.id)!);
const now = () => getSource(place.db, source.id)!;
const titles = () =>
  listDocuments(place.db)
    .map(({ title }) => title)
    .sort();
const toLearn = () => listJobs(place.db, "queued").filter(({ kind }) => kind === "learn").length;

describe("a feed", () => {
  test("brings its entries once, however often it is looked at", async () => {
    expect(await look()).toEqual({ fresh: 2, changed: 0 });
    expect(await place.readAll()).toBe(2);
    expect(titles()).toEqual(["a", "b"]);
    expect(toLearn()).toBe(2);
    entries.unshift({ id: "c" });
    expect(await look()).toEqual({ fresh: 1, changed: 0 });
    expect(await look()).toEqual({ fresh: 0, changed: 0 });
    await place.readAll();
    expect(titles()).toEqual(["a", "b", "c"]);
    expect(listDocuments(place.db)[0]).toMatchObject({ sourceId: source.id, consent: "yes" });
    expect(now().error).toBeNull();
    // Bodies are kept only until they are read.
    expect(listItems(place.db, source.id).map(({ body }) => body)).toEqual([null, null, null]);
  });

  test("is asked conditionally, and 304 changes nothing", async () => {
    await look();
    const before = now();
    await look();
    expect(asked.at(-1)!.headers.get("if-none-match")).toBe(before.etag);
    expect(now()).toMatchObject({ etag: before.etag, error: null, failures: 0 });
    expect(now().nextCheckAt).toBeGreaterThan(Date.now() + 60_000);
  });

  test("an entry that changes takes the place of what it was", async () => {
    await look();
    await place.readAll();
    const old = listDocuments(place.db).find(({ title }) => title === "a")!;
    entries[1]!.text = "Another text of a.";
    expect(await look()).toEqual({ fresh: 0, changed: 1 });
    await place.readAll();
    const fresh = listDocuments(place.db)[0]!;
    expect(fresh.title).toBe("a");
    const again = listDocuments(place.db).find(({ id }) => id === old.id)!;
    expect([again.supersededBy, fresh.supersededBy]).toEqual([fresh.id, null]);
    // What was not learned yet is not learned any more.
    expect(listPassages(place.db, old.id)[0]!.decision).toBe("superseded");
    expect(toLearn()).toBe(2);
    // And back again.
    entries[1]!.text = undefined;
    await look();
    await place.readAll();
    expect(listDocuments(place.db)).toHaveLength(3);
    expect(listPassages(place.db, old.id)[0]!.decision).toBe("new");
    expect(listDocuments(place.db).find(({ id }) => id === old.id)!.supersededBy).toBeNull();
  });

  test("unchanged passages move to the new version, and are not learned again", async () => {
    const long = (word: string) =>
      `<p>${`The ${word} ship sailed out of the harbour. `.repeat(30)}</p>`;
    entries = [{ id: "a", text: long("red") + long("blue") }];
    await look();
    await place.readAll();
    entries = [{ id: "a", text: long("red") + long("green") }];
    await look();
    await place.readAll();
    const [fresh, old] = listDocuments(place.db);
    expect(
      listPassages(place.db, fresh!.id)
        .map(({ text }) => text.slice(4, 9).trim())
        .sort(),
    ).toEqual(["green", "red s"].sort());
    expect(listPassages(place.db, old!.id)).toHaveLength(1);
    expect(toLearn()).toBe(2);
  });

  test("an entry that changes while it is read is read again", async () => {
    await look();
    const [item] = listItems(place.db, source.id);
    const reading = place.readAll();
    changeItem(place.db, item!.id, { fingerprint: "another", body: "<p>Newer.</p>" });
    await reading;
    admitItems(place.db, source.id);
    await place.readAll();
    const texts = listPassages(place.db).map(({ text }) => text);
    expect(texts).toContain("Newer.");
  });

  test("moves where every redirect says that it is for good", async () => {
    answer = ({ url }) => (url.endsWith("/feed") ? Response.redirect(at("/new"), 301) : undefined);
    const served = answer;
    answer = (request) =>
      request.url.endsWith("/new") ? new Response(rssOf(entries)) : served(request);
    await look();
    expect(now().address).toBe(at("/new"));
    answer = (request) =>
      request.url.endsWith("/other")
        ? new Response(rssOf(entries))
        : Response.redirect(at("/other"), 302);
    await look();
    expect(now().address).toBe(at("/new"));
  });

  test("reads the page of an entry that is short, and makes do with the feed's text", async () => {
    changeSource(place.db, source.id, { content: "auto" });
    entries = [
      { id: "whole", link: at("/page/1") },
      { id: "gone", link: at("/nowhere") },
      { id: "linkless" },
    ];
    await look();
    await place.readAll();
    const texts = new Map(
      listPassages(place.db).map(({ title, text }) => [title.split(":")[0], text]),
    );
    expect(texts.get("whole")).toStartWith("The whole story of the ferry");
    expect(texts.get("gone")).toBe("The text of gone.");
    expect(texts.get("linkless")).toBe("The text of linkless.");
    expect(findItem(place.db, source.id, "gone")!.error).toContain("HTTP 404");
    expect(countBySource(place.db).get(source.id)).toMatchObject({ read: 3, failed: 0 });
  });

  test("an entry whose page has trouble is tried again later", async () => {
    changeSource(place.db, source.id, { content: "page" });
    entries = [{ id: "a", link: at("/page/1"), text: "" }];
    answer = ({ url }) =>
      url.includes("/page") ? new Response("busy", { status: 503 }) : undefined;
    await look();
    await place.readAll();
    const item = findItem(place.db, source.id, "a")!;
    expect(item).toMatchObject({ state: "failed", tries: 1 });
    expect(item.retryAt).toBeGreaterThan(Date.now());
    expect(admitItems(place.db, source.id)).toBe(0);
    answer = undefined;
    expect(admitItems(place.db, source.id, item.retryAt! + 1)).toBe(1);
    await place.readAll();
    expect(findItem(place.db, source.id, "a")).toMatchObject({ state: "read", error: null });
  });
});

describe("trouble is a state of the source", () => {
  const respond = (status: number, headers = {}) => {
    answer = () => new Response("no", { status, headers });
  };

  test("it is asked less and less often, and told of once", async () => {
    respond(500);
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      await look();
      waits.push(now().nextCheckAt - Date.now());
    }
    expect(now()).toMatchObject({ failures: 4, state: "active" });
    expect(now().error).toContain("HTTP 500");
    expect(waits[3]! / waits[0]!).toBeGreaterThan(6);
    const failed = () => latestEvents(place.db).filter(({ kind }) => kind === "source.failed");
    expect(failed()).toHaveLength(1);
    answer = undefined;
    await look();
    expect(now()).toMatchObject({ failures: 0, error: null });
    expect(latestEvents(place.db).some(({ kind }) => kind === "source.back")).toBe(true);
  });

  test("429 with Retry-After, as seconds and as a date", async () => {
    respond(429, { "retry-after": "7200" });
    await look();
    expect(now().nextCheckAt).toBeGreaterThan(Date.now() + 7_100_000);
    respond(503, { "retry-after": new Date(Date.now() + 5 * 3_600_000).toUTCString() });
    await look();
    expect(now().nextCheckAt).toBeGreaterThan(Date.now() + 4.9 * 3_600_000);
  });

  test("410 ends it", async () => {
    respond(410);
    await look();
    expect(now()).toMatchObject({ state: "gone", error: expect.stringContaining("is over") });
  });

  test.each([
    [
      "a page in its place",
      () => new Response("<!doctype html><html><p>Gone shopping.</html>"),
      "no feed",
    ],
    ["a circle", (r: Request) => Response.redirect(r.url, 302), "in a circle"],
    [
      "private hosts",
      () => Response.redirect("http://localhost:1/feed", 302),
      "SELKIE_PRIVATE_HOSTS",
    ],
    [
      "the cloud's own address",
      () => Response.redirect("http://169.254.169.254/x", 302),
      "not on the public internet",
    ],
    ["files", () => Response.redirect("file:///etc/passwd", 302), "not an address"],
  ])("%s", async (_, respond, words) => {
    answer = respond as never;
    await look();
    expect(now().error).toContain(words as string);
    expect(now().failures).toBe(1);
  });

  test("50 MB, and one that never ends", async () => {
    const limits = { ...place.limits, maxBytes: 100_000, timeoutMs: 500 };
    const check = () => checkSource({ db: place.db, limits }, now());
    let sent = 0;
    answer = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 10_000;
            if (sent > 50_000_000) controller.close();
            else controller.enqueue(new Uint8Array(10_000).fill(60));
          },
        }),
      );
    await check();
    expect(now().error).toContain("may have at most");
    expect(sent).toBeLessThan(20_000_000);
    answer = () => new Response(new ReadableStream({ pull: () => Bun.sleep(200) }));
    await check();
    expect(now().error).toContain("within 0.5 seconds");
  });
});

describe("what becomes of it", () => {
  test("ask me first: nothing is learned before the answer", async () => {
    changeSource(place.db, source.id, { mode: "ask" });
    await look();
    await place.readAll();
    expect(toLearn()).toBe(0);
    expect(countBySource(place.db).get(source.id)!.ask).toBe(2);
    const [first, second] = listDocuments(place.db);
    expect(answerDocument(place.db, first!.id, true)).toBe(1);
    expect(toLearn()).toBe(1);
    answerDocument(place.db, second!.id, false);
    expect(toLearn()).toBe(1);
    // The answer holds when the same is read again, and when it is asked for all.
    entries.reverse();
    await look();
    expect(answerAll(place.db, true)).toBe(0);
    expect(listDocuments(place.db).map(({ consent }) => consent)).toEqual(["yes", "no"]);
  });

  test("read only: nothing is learned", async () => {
    changeSource(place.db, source.id, { mode: "read" });
    await look();
    await place.readAll();
    expect([toLearn(), titles()]).toEqual([0, ["a", "b"]]);
    expect(listDocuments(place.db)[0]!.consent).toBe("read");
  });

  test("the day's quota holds back the older ones, and lets them through another day", async () => {
    const hour = 3_600_000;
    const noon = new Date().setHours(12, 0, 0, 0);
    entries = [1, 2, 3, 4, 5].map((n) => ({ id: `e${n}`, at: Date.UTC(2026, 0, 9) - n * hour }));
    changeSource(place.db, source.id, { quota: 2 });
    await look();
    expect(await place.readAll()).toBe(2);
    expect(titles()).toEqual(["e1", "e2"]);
    expect(countBySource(place.db).get(source.id)).toMatchObject({ held: 3, read: 2 });
    expect(admitItems(place.db, source.id)).toBe(0);
    expect(admitItems(place.db, source.id, noon + 24 * hour)).toBe(2);
    expect(admitItems(place.db, source.id, noon + 24 * hour)).toBe(0);
    changeSource(place.db, source.id, { quota: null });
    expect(admitItems(place.db, source.id)).toBe(1);
    await place.readAll();
    expect(titles()).toHaveLength(5);
  });

  test("a paused source lets nothing through", async () => {
    changeSource(place.db, source.id, { quota: 0 });
    await look();
    changeSource(place.db, source.id, { quota: null, state: "paused" });
    expect(admitItems(place.db, source.id)).toBe(0);
  });

  test("an item whose job came to nothing says so", async () => {
    await look();
    for (;;) {
      const job = claimJob(place.db, "test", { kinds: ["read"] });
      if (!job) break;
      failJob(place.db, job, "It was begun too often.");
    }
    expect(repairItems(place.db)).toBe(2);
    expect(listItems(place.db, source.id)[0]).toMatchObject({
      state: "failed",
      error: "It was begun too often.",
    });
  });

  test("the same text from two feeds is one document, learned if one of them says so", async () => {
    changeSource(place.db, source.id, { mode: "read" });
    await look();
    await place.readAll();
    const other = add({ address: at("/feed?two"), title: "G" });
    await checkSource({ db: place.db, limits: place.limits }, other);
    await place.readAll();
    expect(listDocuments(place.db)).toHaveLength(2);
    expect([toLearn(), listDocuments(place.db)[0]!.consent]).toEqual([2, "yes"]);
  });
});
