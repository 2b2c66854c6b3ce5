import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { runPoller, SOURCES_LEASE } from "../../../../agent/sources/poller.ts";
import { leaseHolder } from "../../../../db/leases.ts";
import { openDatabase } from "../../../../db/open.ts";
import { addSource, changeSource, countBySource, getSource } from "../../../../db/sources.ts";
import { openPlace, type Place, rssOf } from "./site.ts";

let asked: string[];
/** Requests that are under way, and the most there were at a time. */
let open: number;
let most: number;
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async ({ url }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    open += 1;
    most = Math.max(most, open);
    await Bun.sleep(20);
    open -= 1;
    if (pathname === "/broken") return new Response("no", { status: 500 });
    if (pathname === "/never") await Bun.sleep(60_000);
    return new Response(rssOf([{ id: `of ${pathname}` }]));
  },
});
afterAll(() => server.stop(true));

let place: Place;
let stop: AbortController;
beforeEach(() => {
  place = openPlace({ timeoutMs: 1500 });
  stop = new AbortController();
  asked = [];
  open = 0;
  most = 0;
});
afterEach(() => place.close());

const add = (path: string) =>
  addSource(place.db, {
    kind: "feed",
    address: new URL(path, server.url).href,
    title: path,
  }).source.id;
const start = (db = place.db) =>
  runPoller({ db, limits: place.limits, signal: stop.signal, timing: { tick: 20, round: 40 } });
const checked = (id: number) => getSource(place.db, id)!.checkedAt !== null;

async function until(done: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!done()) {
    if (Date.now() > end) throw new Error("It never came about.");
    await Bun.sleep(10);
  }
}

test("every source is looked at when it is due, one host at a time, whatever happens to another", async () => {
  const ids = ["/broken", "/a", "/b"].map(add);
  const running = start();
  await until(() => ids.every(checked));
  await Bun.sleep(100);
  expect(asked.sort()).toEqual(["/a", "/b", "/broken"]);
  expect(most).toBe(1);
  expect(getSource(place.db, ids[0]!)!.error).toContain("HTTP 500");
  expect(countBySource(place.db).get(ids[1]!)!.queued).toBe(1);
  changeSource(place.db, ids[1]!, { nextCheckAt: 0 });
  await until(() => asked.length === 4);
  stop.abort();
  await running;
});

test("of two processes one looks, and the other takes over", async () => {
  const id = add("/a");
  const other = openDatabase(place.home.database);
  const first = new AbortController();
  const { limits } = place;
  const timing = { tick: 20, round: 40 };
  const one = runPoller({ db: place.db, limits, signal: first.signal, timing });
  await until(() => checked(id));
  const two = start(other);
  changeSource(place.db, id, { nextCheckAt: 0 });
  await until(() => asked.length === 2);
  await Bun.sleep(100);
  expect(asked).toHaveLength(2);
  const owner = leaseHolder(place.db, SOURCES_LEASE)!.owner;
  first.abort();
  await one;
  changeSource(place.db, id, { nextCheckAt: 0 });
  await until(() => asked.length === 3);
  expect(leaseHolder(place.db, SOURCES_LEASE)!.owner).not.toBe(owner);
  stop.abort();
  await two;
  other.$client.close();
});

test("ends at once, in the middle of a request, and records no failure of the source", async () => {
  const id = add("/never");
  const running = start();
  await until(() => asked.length === 1);
  const began = Date.now();
  stop.abort();
  await running;
  expect(Date.now() - began).toBeLessThan(1000);
  expect(getSource(place.db, id)).toMatchObject({ failures: 0, error: null });
  expect(leaseHolder(place.db, SOURCES_LEASE)).toBeUndefined();
});

test("the day's quota is seen to without a look at the source", async () => {
  const id = add("/a");
  changeSource(place.db, id, { quota: 0 });
  const running = start();
  await until(() => checked(id));
  expect(countBySource(place.db).get(id)).toMatchObject({ held: 1, queued: 0 });
  changeSource(place.db, id, { quota: 5 });
  await until(() => countBySource(place.db).get(id)!.queued === 1);
  expect(asked).toHaveLength(1);
  stop.abort();
  await running;
});
