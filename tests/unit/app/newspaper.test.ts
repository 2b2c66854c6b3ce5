import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parseFeed } from "../../../agent/read/feed.ts";
import { createReader } from "../../../agent/read/index.ts";
import { Newspaper } from "../../../app/newspaper.ts";
import { startPoller } from "../../../app/poller.ts";
import { setPassword } from "../../../app/sign-in/password.ts";
import { listDocuments } from "../../../db/documents.ts";
import { claimJob, finishJob, listJobs } from "../../../db/jobs.ts";
import { countBySource, listSources } from "../../../db/sources.ts";
import { openSite, type TestSite } from "../../browser/site.ts";

const START = Date.UTC(2026, 10, 21);
const paper = (more = {}) =>
  new Newspaper({ seed: 1, startedAt: START, every: 1000, first: 8, ...more });

describe("the newspaper", () => {
  test("has something new every now and then, about something new", () => {
    const news = paper();
    expect(news.count(START)).toBe(8);
    expect(news.count(START + 3500)).toBe(11);
    expect(news.count(START - 99_999)).toBe(8);
    expect(paper({ most: 20 }).count(START + 999_999)).toBe(20);
    const items = Array.from({ length: 300 }, (_, i) => news.item(i));
    expect(new Set(items.map(({ title }) => title)).size).toBe(300);
    // Whoever asks later is told the same.
    expect(paper().item(299)).toEqual(items[299]!);
    expect(paper({ seed: 2 }).item(0)).not.toEqual(items[0]!);
  });

  test("is a feed like any other", () => {
    const news = paper({ window: 5 });
    const bytes = new TextEncoder().encode(news.feed(START + 2000, "http://127.0.0.1:1/"));
    const { title, entries } = parseFeed({ source: "paper", bytes }, "http://127.0.0.1:1/");
    expect([title, entries.length]).toEqual(["The Selkie Gazette", 5]);
    const latest = news.item(9);
    expect(entries[0]).toMatchObject({
      key: "selkie-news-9",
      title: latest.title,
      link: "http://127.0.0.1:1/demo/news/9",
    });
    expect(entries[0]!.content).toContain(latest.text.slice(0, 20));
  });
});

describe("the demo", () => {
  let site: TestSite;
  const stop = new AbortController();
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(async () => {
    stop.abort();
    await site.close();
  });
  const post = (path: string) =>
    fetch(site.url + path, { method: "POST", redirect: "manual", headers: { origin: site.url } });

  test("is not there before somebody asks for it", async () => {
    expect((await fetch(`${site.url}/demo/news.xml`)).status).toBe(404);
  });

  test("gives a fresh instance something to learn, offline", async () => {
    expect((await post("/demo")).status).toBe(303);
    expect((await post("/demo")).status).toBe(422);
    const feed = await fetch(`${site.url}/demo/news.xml`);
    expect(feed.headers.get("content-type")).toContain("rss");
    const etag = feed.headers.get("etag")!;
    const again = await fetch(`${site.url}/demo/news.xml`, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    expect(await (await fetch(`${site.url}/demo/news/0`)).text()).toContain("Selkie Gazette");
    expect((await fetch(`${site.url}/demo/news/99999`)).status).toBe(404);

    // With a password nobody else may read it, and the poller still does.
    await setPassword(site.db, "a ferry at nine");
    expect((await fetch(`${site.url}/demo/news.xml`)).status).toBe(401);
    const polling = startPoller(site.instance, site, stop.signal);
    const end = Date.now() + 30_000;
    while (listJobs(site.db, "queued").length < 8) {
      if (Date.now() > end) throw new Error("The newspaper was never read.");
      await Bun.sleep(50);
    }
    stop.abort();
    await polling;
    const read = createReader(site.instance.config.limits);
    const context = { db: site.db, signal: new AbortController().signal };
    for (let job = take(); job; job = take()) {
      await read(context as never, job);
      finishJob(site.db, job);
    }
    const [source] = listSources(site.db);
    expect(countBySource(site.db).get(source!.id)).toMatchObject({ read: 8, documents: 8 });
    expect(listJobs(site.db, "queued").every(({ kind }) => kind === "learn")).toBe(true);
    expect(listDocuments(site.db)[0]!.source).toStartWith("demo: ");
  });
  const take = () => claimJob(site.db, "test", { kinds: ["read"] });
});
