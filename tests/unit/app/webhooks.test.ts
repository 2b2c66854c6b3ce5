import {
  afterAll,
  afterEach,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook as Verifier } from "standardwebhooks";
import { loadConfig } from "../../../app/config.ts";
import { createWebhook } from "../../../app/webhooks/add.ts";
import { runWebhooks, tellWebhooks } from "../../../app/webhooks/run.ts";
import { WAITS_MS } from "../../../app/webhooks/send.ts";
import { addEvent } from "../../../db/events.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { deliveries } from "../../../db/schema.ts";
import {
  listDeliveries,
  listWebhooks,
  recordAttempt,
  removeWebhook,
} from "../../../db/webhooks.ts";
import { openSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";

setDefaultTimeout(30_000);

interface Message {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** What the other side got, and what it answers with. */
let got: Message[] = [];
let answer: () => Response | Promise<Response> = () => new Response("thanks");
const other = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const { pathname } = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    got.push({ path: pathname, headers, body: await request.text() });
    return answer();
  },
});
const folder = mkdtempSync(join(tmpdir(), "selkie-webhooks-"));
afterAll(() => {
  other.stop(true);
  rmSync(folder, { recursive: true });
});

const URL_HERE = new URL("/hook", other.url).href;
const trusting = loadConfig({ HOME: folder, SELKIE_PRIVATE_HOSTS: "127.0.0.1" });
const signal = new AbortController().signal;

let db: Database;
beforeEach(() => {
  db = openDatabase(":memory:");
  got = [];
  answer = () => new Response("thanks");
});
afterEach(() => closeDatabase(db));

const tell = (config = trusting) => tellWebhooks({ db, config }, signal);
const happens = (kind: string, message = `Something: ${kind}.`) =>
  addEvent(db, { level: "info", kind, message });
/** As if the wait after the last attempt was over. */
const later = () => db.update(deliveries).set({ nextAt: 0 }).run();

describe("a message", () => {
  test("is sent once for each event that was asked for, signed", async () => {
    happens("update.commit", "Before anybody asked.");
    const { id, secret } = createWebhook(db, { url: URL_HERE, events: ["update.commit"] });
    happens("document.read");
    const event = happens("update.commit", "Learned “A ferry”.");
    happens("update.reject");
    await tell();
    await tell();
    expect(got).toHaveLength(1);
    const [{ path, headers, body }] = got as [Message];
    expect(path).toBe("/hook");
    const verified = new Verifier(secret).verify(body, headers);
    expect(verified).toMatchObject({
      type: "update.commit",
      timestamp: new Date(event.createdAt).toISOString(),
      data: { event: event.id, message: "Learned “A ferry”." },
    });
    expect(() => new Verifier(secret).verify(`${body} `, headers)).toThrow();
    expect(listDeliveries(db, id)).toMatchObject([
      { state: "delivered", status: 200, attempts: 1, error: null },
    ]);
  });

  test("is tried again, longer apart each time, with the same id, and given up in the end", async () => {
    const { id, secret } = createWebhook(db, { url: URL_HERE });
    happens("update.reject");
    answer = () => new Response("not now", { status: 503 });
    for (const [i, wait] of WAITS_MS.entries()) {
      const before = Date.now();
      await tell();
      const [delivery] = listDeliveries(db, id);
      expect(delivery).toMatchObject({ state: "waiting", attempts: i + 1, status: 503 });
      expect(delivery!.nextAt - before).toBeWithin(wait, wait + 5000);
      // Not before its time.
      await tell();
      expect(got).toHaveLength(i + 1);
      later();
    }
    await tell();
    expect(listDeliveries(db, id)).toMatchObject([
      { state: "failed", error: expect.stringContaining("503") },
    ]);
    later();
    await tell();
    expect(got).toHaveLength(WAITS_MS.length + 1);
    expect(new Set(got.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    for (const { body, headers } of got) new Verifier(secret).verify(body, headers);
  });

  test("is not followed to where the address leads, and ends where it is gone", async () => {
    const { id } = createWebhook(db, { url: URL_HERE });
    happens("update.commit");
    answer = () => Response.redirect("http://127.0.0.1:9/elsewhere");
    await tell();
    expect(listDeliveries(db, id)).toMatchObject([{ state: "waiting", status: 302 }]);
    answer = () => new Response("gone", { status: 410 });
    later();
    await tell();
    expect(listDeliveries(db, id)).toMatchObject([{ state: "failed", status: 410 }]);
  });

  test("does not go to private addresses that nobody trusts", async () => {
    const { id } = createWebhook(db, { url: URL_HERE });
    happens("update.commit");
    await tell(loadConfig({ HOME: folder }));
    expect(got).toEqual([]);
    expect(listDeliveries(db, id)).toMatchObject([
      { state: "waiting", error: expect.stringContaining("SELKIE_PRIVATE_HOSTS") },
    ]);
  });

  test("to a dead address does not hold up the others, and neither does a removed one", async () => {
    const dead = createWebhook(db, { url: "http://127.0.0.1:9/dead" });
    createWebhook(db, { url: URL_HERE });
    happens("update.commit");
    await tell();
    expect(got).toHaveLength(1);
    expect(listDeliveries(db, dead.id)).toMatchObject([{ state: "waiting", status: null }]);
    removeWebhook(db, dead.id);
    later();
    happens("update.reject");
    await tell();
    expect(got).toHaveLength(2);
  });

  test("is sent by one of several processes", async () => {
    const path = join(folder, "shared.db");
    const all = [openDatabase(path), openDatabase(path), openDatabase(path)];
    createWebhook(all[0]!, { url: URL_HERE });
    for (let i = 0; i < 5; i++) {
      addEvent(all[0]!, { level: "info", kind: "update.commit", message: `${i}` });
    }
    await Promise.all(all.map((each) => tellWebhooks({ db: each, config: trusting }, signal)));
    expect(got).toHaveLength(5);
    for (const each of all) closeDatabase(each);
  });

  test("is taken up again when the process that sent it died", async () => {
    const { id } = createWebhook(db, { url: URL_HERE });
    happens("update.commit");
    const stop = new AbortController();
    answer = () => {
      stop.abort();
      return new Promise(() => {});
    };
    await tellWebhooks({ db, config: trusting }, stop.signal).catch(() => {});
    const [delivery] = listDeliveries(db, id);
    expect(delivery).toMatchObject({ state: "waiting", attempts: 1 });
    expect(delivery!.nextAt).toBeGreaterThan(Date.now());
    answer = () => new Response("thanks");
    later();
    await tell();
    expect(listDeliveries(db, id)).toMatchObject([{ state: "delivered", attempts: 2 }]);
  });
});

test("the server looks by itself, and stops when it is told to", async () => {
  const site = await openSite(() => {}, { SELKIE_PRIVATE_HOSTS: "127.0.0.1" });
  const stop = new AbortController();
  const running = runWebhooks(site.instance, stop.signal);
  createWebhook(site.db, { url: URL_HERE });
  addEvent(site.db, { level: "info", kind: "update.commit", message: "Learned." });
  while (got.length === 0) await Bun.sleep(20);
  stop.abort();
  await running;
  await site.close();
});

test("are made, shown and removed over HTTP, the secret once", async () => {
  const site = await openSite();
  const send = (method: string, path: string, body?: object) =>
    fetch(`${site.url}/api/webhooks${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  const made = await send("POST", "", { url: URL_HERE, events: ["memory.alarm"] });
  expect(made.status).toBe(201);
  const { id, secret } = (await made.json()) as { id: number; secret: string };
  expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
  const list = await (await send("GET", "")).text();
  expect(list).toContain(URL_HERE);
  expect(list).not.toContain(secret);
  for (const body of [{ url: "file:///etc" }, { url: "x" }, { url: URL_HERE, events: ["all"] }]) {
    expect((await send("POST", "", body)).status).toBe(422);
  }
  expect((await send("GET", `/${id}/deliveries`)).status).toBe(200);
  expect((await send("DELETE", `/${id}`)).status).toBe(200);
  expect((await send("DELETE", `/${id}`)).status).toBe(404);
  expect(listWebhooks(site.db)).toEqual([]);
  await site.close();
});

test("selkie webhook makes, shows and removes them", async () => {
  const run = (...args: string[]) =>
    runCli(["webhook", ...args], { cwd: folder, home: join(folder, "home") });
  const made = await run("add", URL_HERE, "--events", "update.commit", "--json");
  expect(made.err).toBe("");
  expect(made.json()).toMatchObject({ id: 1, url: URL_HERE, events: ["update.commit"] });
  expect((await run()).out).toContain(URL_HERE);
  expect((await run("show", "1")).out).toContain("Nothing was sent yet");
  expect((await run("remove", "1")).code).toBe(0);
  expect((await run("show", "1")).code).toBe(1);
  expect((await run("add", "ftp://x")).err).toContain("begins with http");
});

test("what ended long ago is forgotten", async () => {
  const { id } = createWebhook(db, { url: URL_HERE });
  happens("update.commit");
  await tell();
  const [old] = listDeliveries(db, id);
  recordAttempt(db, old!.id, { state: "delivered", status: 200, error: null });
  db.update(deliveries)
    .set({ finishedAt: Date.now() - 31 * 24 * 3_600_000 })
    .run();
  happens("update.commit");
  await tell();
  expect(listDeliveries(db, id).map((it) => it.id)).toEqual([old!.id + 1]);
});
