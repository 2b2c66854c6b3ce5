import { afterAll, expect, test } from "bun:test";
import { checkSource } from "../../../../agent/sources/check.ts";
import { listDocuments } from "../../../../db/documents.ts";
import { addSource, getSource } from "../../../../db/sources.ts";
import { EXCHANGES } from "../../../corpus/exchanges.ts";
import type { ExchangeCase } from "../../../corpus/types.ts";
import { openPlace } from "./site.ts";

let answer: ExchangeCase["looks"][number]["answer"];
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => answer(request),
});
afterAll(() => server.stop(true));

test.each(EXCHANGES.map((it) => [it.name, it] as const))("%s", async (_, exchange) => {
  const place = openPlace({ maxBytes: 1_000_000, timeoutMs: 1000 });
  const { db, limits } = place;
  const address = new URL("/feed", server.url).href;
  const { id } = addSource(db, { kind: "feed", address, title: "F", content: "feed" }).source;
  for (const look of exchange.looks) {
    answer = look.answer;
    const { fresh, changed, error, failures, state, path, wait } = look.expect;
    const result = await checkSource({ db, limits }, getSource(db, id)!);
    expect(result).toMatchObject({
      ...(fresh !== undefined && { fresh }),
      ...(changed !== undefined && { changed }),
    });
    const source = getSource(db, id)!;
    if (error === null) expect(source.error).toBeNull();
    if (typeof error === "string") expect(source.error).toContain(error);
    if (failures !== undefined) expect(source.failures).toBe(failures);
    if (state) expect(source.state).toBe(state);
    if (path) expect(new URL(source.address).pathname).toBe(path);
    if (wait) expect(source.nextCheckAt - Date.now()).toBeWithin(...wait);
    await place.readAll();
  }
  const documents = listDocuments(db);
  expect([
    documents.length,
    documents.filter(({ supersededBy }) => supersededBy !== null).length,
  ]).toEqual([exchange.documents, exchange.superseded ?? 0]);
  place.close();
});
