import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ReadError } from "../../../../agent/read/errors.ts";
import { addFrom } from "../../../../agent/sources/add.ts";
import { listingAddress, paperEntry, parseCategory } from "../../../../agent/sources/arxiv.ts";
import { exportOpml, importOpml } from "../../../../agent/sources/opml.ts";
import {
  backOff,
  feedInterval,
  INTERVALS,
  startOfDay,
} from "../../../../agent/sources/schedule.ts";
import { changeSource, listSources } from "../../../../db/sources.ts";
import { utf8 } from "../../../corpus/types.ts";
import { openPlace, type Place, rssOf } from "./site.ts";

const FEED = { headers: { "content-type": "application/rss+xml" } };
const HTML = { headers: { "content-type": "text/html" } };
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: ({ url }) => {
    switch (new URL(url).pathname) {
      case "/news.xml":
      case "/sport.xml":
        return new Response(rssOf([{ id: "a" }], "The news"), FEED);
      case "/moved":
        return Response.redirect(new URL("/news.xml", url).href, 301);
      case "/page":
        return new Response(
          '<html><head><link rel="stylesheet" href="/x.css"><link rel="alternate" type="text/html" href="/fr"><link rel="alternate" type="application/rss+xml" href="/broken.xml"><link rel="ALTERNATE" type="application/rss+xml" href="news.xml"><link rel="alternate" type="application/atom+xml" href="/sport.xml"><link rel="alternate" type="application/rss+xml" href="javascript:x()"></head></html>',
          HTML,
        );
      case "/broken.xml":
        return new Response("<rss", FEED);
      case "/feed":
        return new Response(rssOf([{ id: "usual" }], "At the usual place"), FEED);
      case "/silent":
        return new Response("<html><p>No word of it.</html>", HTML);
      default:
        return new Response("no", { status: 404 });
    }
  },
});
afterAll(() => server.stop(true));
const at = (path: string) => new URL(path, server.url).href;

let place: Place;
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());
const add = (text: string, wishes = {}) => addFrom(place.db, text, place.limits, wishes);

async function refusal(adding: Promise<unknown>): Promise<ReadError> {
  const error = await adding.then(
    () => new Error("nothing was thrown"),
    (thrown) => thrown,
  );
  if (!(error instanceof ReadError)) throw error;
  return error;
}

describe("adding a source", () => {
  test("by the address of a feed, with what is wished of it", async () => {
    const wishes = { mode: "ask", quota: 5 } as const;
    const { source, added, others } = await add(` ${at("/news.xml")} `, wishes);
    expect([added, others]).toEqual([true, []]);
    expect(source).toMatchObject({
      kind: "feed",
      address: at("/news.xml"),
      title: "The news",
      site: "https://example.org/",
      ...wishes,
    });
    expect((await add(at("/news.xml"))).added).toBe(false);
  });

  test("by a page that names feeds: the first that is one, and the others are told", async () => {
    const { source, others } = await add(at("/page"));
    expect(source.address).toBe(at("/news.xml"));
    expect(others).toEqual([at("/broken.xml"), at("/sport.xml")]);
  });

  test("by a page that names none: at a usual place", async () => {
    expect((await add(at("/silent"))).source).toMatchObject({
      address: at("/feed"),
      title: "At the usual place",
    });
  });

  test("by an address that has moved for good", async () => {
    expect((await add(at("/moved"))).source.address).toBe(at("/news.xml"));
  });

  test("that is none", async () => {
    expect((await refusal(add(at("/nowhere")))).code).toBe("http-status");
    expect((await refusal(add("ftp://example.org/"))).code).toBe("bad-address");
    expect((await refusal(add("/no/such/folder"))).message).toContain("does not exist");
    expect((await refusal(add("http://localhost:1/"))).code).toBe("private-address");
    expect((await refusal(add("arxiv:Cooking"))).message).toContain("cs.CL");
    expect(listSources(place.db)).toEqual([]);
  });

  test("that was removed is taken up again", async () => {
    const { source } = await add(at("/news.xml"));
    changeSource(place.db, source.id, { state: "removed" });
    expect(listSources(place.db)).toEqual([]);
    const again = await add(at("/news.xml"));
    expect([again.added, again.source.id, again.source.state]).toEqual([true, source.id, "active"]);
  });
});

describe("arXiv", () => {
  test("categories in what people write", async () => {
    expect(parseCategory(" arxiv:cs.CL ")).toBe("cs.CL");
    expect(parseCategory("cs.CL + astro-ph.GA")).toBe("cs.CL+astro-ph.GA");
    expect(parseCategory("https://arxiv.org/list/cs.LG/recent")).toBe("cs.LG");
    for (const bad of ["", "cs.CL+", "../../x", "cs.CL?x=1", "CS"]) {
      expect(() => parseCategory(bad)).toThrow("no category");
    }
    expect(listingAddress("cs.CL")).toBe("https://rss.arxiv.org/atom/cs.CL");
    expect((await add("arxiv:cs.CL")).source).toMatchObject({
      kind: "arxiv",
      title: "arXiv cs.CL",
    });
  });

  test("a paper is the same in its second version, and its abstract has no heading", () => {
    const entry = (key: string) => ({
      key,
      title: "T",
      fingerprint: "",
      content: "arXiv:2411.01234v2 Announce Type: replace-cross \nAbstract: We show that.",
    });
    const first = paperEntry(entry("oai:arXiv.org:2411.01234v1"));
    expect(first.key).toBe(paperEntry(entry("oai:arXiv.org:2411.01234v2")).key);
    expect(first.content).toBe("We show that.");
  });
});

describe("OPML", () => {
  const opml = utf8(
    `<?xml version="1.0"?><opml version="2.0"><head><title>S</title></head><body><outline text="Folder"><outline type="rss" text="One" xmlUrl="https://example.org/1.xml" htmlUrl="https://example.org/"/><outline text="Deep"><outline type="rss" title="Two" text="x" xmlUrl="https://example.org/2.xml"/></outline></outline><outline text="arXiv" xmlUrl="https://rss.arxiv.org/atom/cs.CL"/><outline text="Bad" xmlUrl="feed:nonsense"/><outline text="Twice" xmlUrl="https://example.org/1.xml"/><outline text="No feed"/></body></opml>`,
  );

  test("goes in and comes out", async () => {
    const raw = { source: "subs.opml", bytes: opml };
    const result = await importOpml(place.db, raw, place.limits, { mode: "read" });
    expect([result.added, result.known, result.failures.length]).toEqual([3, 0, 1]);
    expect(
      listSources(place.db).map(({ kind, address, title, mode }) => [kind, address, title, mode]),
    ).toEqual([
      ["feed", "https://example.org/1.xml", "One", "read"],
      ["feed", "https://example.org/2.xml", "Two", "read"],
      ["arxiv", "cs.CL", "arXiv", "read"],
    ]);
    expect(await importOpml(place.db, raw, place.limits)).toMatchObject({ added: 0, known: 3 });
    const other = openPlace();
    const out = { source: "out.opml", bytes: utf8(exportOpml(place.db)) };
    expect(await importOpml(other.db, out, other.limits)).toMatchObject({ added: 3, failures: [] });
    expect(listSources(other.db).map(({ address }) => address)).toEqual(
      listSources(place.db).map(({ address }) => address),
    );
    other.close();
  });

  test("that is none, or too large, is refused", async () => {
    const bad = importOpml(
      place.db,
      { source: "x.opml", bytes: utf8("<html></html>") },
      place.limits,
    );
    expect((await refusal(bad)).message).toContain("no OPML");
    const large = { source: "x.opml", bytes: new Uint8Array(place.limits.maxBytes + 1) };
    expect((await refusal(importOpml(place.db, large, place.limits))).code).toBe("too-large");
  });
});

describe("how often a source is looked at", () => {
  const now = Date.UTC(2026, 10, 21);
  const minutes = (n: number) => n * 60_000;

  test("about as often as it brings something, and so that nothing falls out of it", () => {
    const every = (n: number, gap: number) =>
      Array.from({ length: n }, (_, i) => now - (i + 1) * gap);
    expect(feedInterval(every(20, minutes(120)), { now })).toBe(minutes(120));
    expect(feedInterval(every(100, minutes(1)), { now })).toBe(INTERVALS.min);
    expect(feedInterval(every(15, minutes(1)), { now })).toBe(minutes(5));
    expect(feedInterval(every(15, 1000), { now })).toBe(INTERVALS.least);
    expect(feedInterval(every(20, minutes(100_000)), { now })).toBe(INTERVALS.max);
    expect(feedInterval(every(3, minutes(60)), { now })).toBe(minutes(60));
    expect(feedInterval([], { now })).toBe(INTERVALS.unknown);
    expect(feedInterval(every(20, minutes(20)), { now, ttlMs: minutes(300) })).toBe(minutes(300));
    expect(feedInterval(every(100, 1000), { now, min: 5000 })).toBe(5000);
  });

  test("and ever less often while it fails, up to a day or what it asks for", () => {
    const waits = [1, 2, 3, 10, 1000].map((n) => backOff(n, 0, 0));
    expect(waits).toEqual([5, 10, 20, 1440, 1440].map(minutes));
    expect(backOff(1, minutes(600), 0)).toBe(minutes(600));
    expect(backOff(1, 0, 1)).toBe(minutes(5.5));
    expect(startOfDay(now + 1)).toBeLessThanOrEqual(now + 1);
  });
});
