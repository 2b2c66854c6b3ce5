import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addDocument } from "../../../db/documents.ts";
import { listJobs } from "../../../db/jobs.ts";
import { addPassages } from "../../../db/passages.ts";
import {
  addSource,
  changeSource,
  getSource,
  handSource,
  listSources,
} from "../../../db/sources.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";
import { openPlace, rssOf } from "../agent/sources/site.ts";

const feeds = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: ({ url }) =>
    url.endsWith("/feed.xml")
      ? new Response(rssOf([{ id: "a" }], "<i>News</i> & <script>x()</script>more"))
      : new Response("no", { status: 404 }),
});
afterAll(() => feeds.stop(true));
const FEED = new URL("/feed.xml", feeds.url).href;

describe("the page of sources", () => {
  let site: TestSite;
  beforeEach(async () => {
    site = await openSite(() => {}, { SELKIE_PRIVATE_HOSTS: "127.0.0.1" });
  });
  afterEach(() => site.close());
  const send = (path: string, fields: Record<string, string> | FormData) =>
    fetch(site.url + path, {
      method: "POST",
      redirect: "manual",
      headers: { origin: site.url },
      body: fields instanceof FormData ? fields : new URLSearchParams(fields),
    });
  const text = async (path: string) => (await fetch(site.url + path)).text();

  test("adds a feed, shows it, changes it and removes it", async () => {
    expect(await text("/sources")).toContain("There are none yet");
    const added = await send("/sources/new", { feed: FEED, mode: "ask", quota: "7" });
    expect(added.headers.get("location")).toBe("/sources?source=1");
    expect(await text("/sources?source=1")).toContain("Added: ");
    expect(getSource(site.db, 1)).toMatchObject({ mode: "ask", quota: 7 });
    expect((await send("/sources/new", { feed: FEED })).headers.get("location")).toContain(
      "again=1",
    );

    changeSource(site.db, 1, { error: "It <b>hurts</b>.", failures: 3 });
    const page = await text("/sources/1");
    expect(page).toContain("It &lt;b&gt;hurts");
    expect(page).toContain("3 looks in a row have failed");
    expect(page).not.toContain("<script>x");
    expect(await text("/sources")).toContain("failing");

    await send("/sources/1", { mode: "read", quota: "", content: "page", action: "save" });
    expect(getSource(site.db, 1)).toMatchObject({ mode: "read", quota: null, content: "page" });
    await send("/sources/1", { action: "pause" });
    expect(getSource(site.db, 1)!.state).toBe("paused");
    await send("/sources/1", { action: "resume" });
    await send("/sources/1", { action: "remove" });
    expect(listSources(site.db)).toEqual([]);
    expect((await fetch(`${site.url}/sources/1`)).status).toBe(404);
  });

  test("refuses what is no source in a sentence", async () => {
    const cases: [Record<string, string>, string][] = [
      [{}, "Nothing was named"],
      [{ feed: new URL("/none", feeds.url).href }, "HTTP 404"],
      [{ feed: "http://localhost:9/" }, "SELKIE_PRIVATE_HOSTS"],
      [{ arxiv: "Cooking" }, "cs.CL"],
      [{ folder: "notes" }, "no whole path"],
      [{ folder: "/no/such/folder" }, "does not exist"],
      [{ arxiv: "cs.CL", quota: "-1" }, "whole number"],
      [{ arxiv: "cs.CL", mode: "eat" }, "none of learn, ask, read"],
    ];
    for (const [fields, words] of cases) {
      const response = await send("/sources/new", fields);
      expect([fields, response.status]).toEqual([fields, 422]);
      expect(await response.text()).toContain(words);
    }
    const hand = handSource(site.db);
    expect((await send(`/sources/${hand.id}`, { action: "remove" })).status).toBe(422);
  });

  test("takes in OPML and gives it out", async () => {
    const form = new FormData();
    const opml =
      '<opml version="2.0"><head/><body><outline text="A" xmlUrl="https://example.org/a.xml"/><outline text="B" xmlUrl="nonsense"/></body></opml>';
    form.set("file", new File([opml], "s.opml"));
    const location = (await send("/sources/opml", form)).headers.get("location")!;
    expect(location).toBe("/sources?added=1&known=0&failed=1");
    expect(await text(location)).toContain("1 feeds added, 1 could not be used");
    expect(await text("/sources.opml")).toContain("https://example.org/a.xml");
  });

  test("asks about documents, and takes the answer", async () => {
    const { source } = addSource(site.db, { kind: "feed", address: FEED, title: "F", mode: "ask" });
    for (const name of ["one", "two"]) {
      const { document } = addDocument(site.db, {
        source: name,
        format: "text",
        title: `Document ${name}`,
        contentHash: name,
        sourceId: source.id,
        consent: "ask",
      });
      addPassages(site.db, document.id, [{ position: 0, title: "t", text: name, hash: name }]);
    }
    expect(await text("/sources")).toContain("Document two");
    await send("/documents/consent", { document: "1", answer: "yes" });
    await send("/documents/consent", { document: "2", answer: "no" });
    expect((await send("/documents/consent", { document: "2" })).status).toBe(422);
    expect(listJobs(site.db, "queued").map(({ key }) => key)).toEqual(["learn:1"]);
    expect(await text("/sources")).not.toContain("Waiting for your word");
    expect(await text(`/sources/${source.id}`)).toContain("declined");
  });

  test("takes a thousand files at once", async () => {
    const form = new FormData();
    for (let i = 0; i < 1000; i++) form.append("file", new File([`Text ${i}.`], `${i}.txt`));
    form.append("file", new File([], "empty.txt"));
    const html = await (await send("/sources", form)).text();
    expect(html).toContain("Queued: 1000 files");
    expect(html).toContain("empty.txt is empty");
    expect(listJobs(site.db, "queued", 2000)).toHaveLength(1000);
  }, 60_000);

  test("lets folders be named only by somebody at this machine", async () => {
    // With a password it may be anybody whom a proxy on this machine lets through.
    const password = "a ferry at nine";
    const open = await openSite(() => {}, { SELKIE_PASSWORD: password });
    const { url } = open;
    const post = (path: string, fields: Record<string, string>, cookie = "") =>
      fetch(url + path, {
        method: "POST",
        redirect: "manual",
        headers: { origin: url, cookie },
        body: new URLSearchParams(fields),
      });
    const signedIn = await post("/sign-in", { password });
    const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
    const response = await post("/sources/new", { folder: "/etc" }, cookie);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("only be added from this machine");
    const page = await fetch(`${url}/sources`, { headers: { cookie } });
    expect(await page.text()).not.toContain("A folder of this machine");
    await open.close();
  });
});

describe("selkie source", () => {
  test("adds, checks, shows, changes, asks and removes", async () => {
    const place = openPlace();
    const notes = join(place.dir, "notes");
    mkdirSync(notes);
    writeFileSync(join(notes, "a.txt"), "A note.");
    const options = {
      cwd: place.dir,
      home: join(place.dir, "cli"),
      env: { SELKIE_PRIVATE_HOSTS: "127.0.0.1" },
    };
    const run = (...args: string[]) => runCli(["source", ...args], options);
    const added = await run("add", FEED, notes, "/no/such", "--mode", "ask", "--json");
    expect(added.code).toBe(1);
    expect(added.json()).toMatchObject({
      sources: [
        { id: 1, kind: "feed", added: true },
        { id: 2, kind: "folder", added: true },
      ],
      failures: [expect.stringContaining("does not exist")],
    });
    const checked = await run("check", "1", "--json");
    expect(checked.json()).toEqual({ checked: [{ id: 1, fresh: 1, changed: 0, error: null }] });
    const listed = await run();
    expect(listed.out).toContain("ask");
    expect((await run("set", "1", "--mode", "eat")).err).toContain("one of learn, ask, read");
    expect((await run("set", "1", "--quota", "3", "--json")).json()).toMatchObject({ quota: 3 });
    expect((await run("export")).out).toContain(FEED);
    expect((await run("asked")).out).toContain("No document waits");
    expect((await run("remove", "2")).code).toBe(0);
    const missing = await run("show", "2");
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("There is no source")]);
    place.close();
  }, 60_000);
});
