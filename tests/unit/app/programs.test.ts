import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { checkKey } from "../../../app/tokens.ts";
import { listTokens } from "../../../db/tokens.ts";
import { listDeliveries, listWebhooks } from "../../../db/webhooks.ts";
import { openSite, type TestSite } from "../../browser/site.ts";

let status: number;
const got: { type: string }[] = [];
const other = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    got.push((await request.json()) as { type: string });
    return new Response("", { status });
  },
});
let site: TestSite;
beforeAll(async () => {
  site = await openSite(() => {}, { SELKIE_PRIVATE_HOSTS: "127.0.0.1" });
});
afterAll(async () => {
  await site.close();
  other.stop(true);
});
beforeEach(() => {
  status = 200;
  got.length = 0;
});

const HOSTILE = `<script>alert("x")</script>`;
const page = async () => (await fetch(`${site.url}/programs`)).text();
/** Sends a form as the page does. */
async function send(path: string, fields: [string, string][]) {
  const response = await fetch(`${site.url}/programs/${path}`, {
    method: "POST",
    headers: { origin: site.url },
    body: new URLSearchParams(fields),
    redirect: "manual",
  });
  return { status: response.status, text: await response.text() };
}
const api = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${site.url}/api/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, data: (await response.json()) as Record<string, unknown> };
};

describe("keys on the page", () => {
  test("are shown once, hold what was ticked, and end", async () => {
    const made = await send("keys", [
      ["name", ` ${HOSTILE} `],
      ["scope", "read"],
      ["scope", "write"],
      ["days", "3"],
    ]);
    expect(made.status).toBe(200);
    const [key = ""] = /sk-selkie-[\w-]{43}/.exec(made.text) ?? [];
    const token = checkKey(site.db, key)!;
    expect(token).toMatchObject({ name: HOSTILE, scopes: ["read", "write"] });
    expect(token.expiresAt! - Date.now()).toBeWithin(2.9 * 86_400_000, 3.1 * 86_400_000);
    expect(made.text).not.toContain(HOSTILE);
    const later = await page();
    expect(later).toContain(key.slice(0, 16));
    expect(later).not.toContain(key);
    expect((await send(`keys/${token.id}`, [["action", "remove"]])).status).toBe(303);
    expect(checkKey(site.db, key)).toBeUndefined();
    expect((await send(`keys/${token.id}`, [["action", "remove"]])).status).toBe(404);
  });

  test.each([
    ["no name", [["scope", "read"]], "Name the key"],
    ["nothing ticked", [["name", "a"]], "What it may do"],
    [
      "a scope that is none",
      [
        ["name", "a"],
        ["scope", "all"],
      ],
      "What it may do",
    ],
    [
      "no days",
      [
        ["name", "a"],
        ["scope", "read"],
        ["days", "0"],
      ],
      "The days",
    ],
  ] as [string, [string, string][], string][])("%s is refused", async (_, fields, words) => {
    const { status, text } = await send("keys", fields);
    expect([status, text]).toEqual([422, expect.stringContaining(words)]);
    expect(listTokens(site.db)).toEqual([]);
  });
});

test("keys over the interface: made, listed without what is secret, ended", async () => {
  const { status, data } = await api("POST", "tokens", { name: "a", scopes: ["chat"], days: 1 });
  expect([status, data.name, data.scopes]).toEqual([201, "a", ["chat"]]);
  expect(checkKey(site.db, data.key as string)?.id).toBe(data.id as number);
  const list = JSON.stringify((await api("GET", "tokens")).data);
  expect(list).toContain('"hint"');
  for (const secret of [data.key as string, "hash"]) expect(list).not.toContain(secret);
  expect((await api("DELETE", `tokens/${data.id}`)).status).toBe(200);
  expect((await api("DELETE", `tokens/${data.id}`)).status).toBe(404);
  for (const body of [{}, { name: "", scopes: ["read"] }, { name: "a", scopes: [] }]) {
    expect((await api("POST", "tokens", body)).status).toBe(422);
  }
});

describe("webhooks", () => {
  test("are tried at once, once, and say how it ended", async () => {
    const url = new URL("/hook", other.url).href;
    const made = await send("webhooks", [
      ["url", url],
      ["event", "memory.alarm"],
    ]);
    expect(made.text).toMatch(/whsec_[\w+/]{43}=/);
    const { id } = listWebhooks(site.db)[0]!;
    expect((await send(`webhooks/${id}`, [["action", "test"]])).status).toBe(303);
    expect(got).toMatchObject([{ type: "webhook.test" }]);
    expect(await page()).toContain(">taken<");
    expect(await page()).not.toContain("whsec_");

    status = 503;
    const { data } = await api("POST", `webhooks/${id}/test`);
    expect(data).toMatchObject({ state: "failed", status: 503, attempts: 1 });
    expect(listDeliveries(site.db, id).map(({ state }) => state)).toEqual(["failed", "delivered"]);
    expect(await page()).toContain("answered HTTP 503");
    expect((await send(`webhooks/${id}`, [["action", "shout"]])).status).toBe(422);
    expect((await send(`webhooks/${id}`, [["action", "remove"]])).status).toBe(303);
    expect(await page()).toContain("No address is told anything");
    expect((await api("POST", `webhooks/${id}/test`)).status).toBe(404);
  });

  test.each([
    [
      "no address",
      [
        ["url", "x"],
        ["event", "memory.alarm"],
      ],
    ],
    ["no event", [["url", "https://example.org"]]],
  ] as [string, [string, string][]][])("%s is refused", async (_, fields) => {
    expect((await send("webhooks", fields)).status).toBe(422);
    expect(listWebhooks(site.db)).toEqual([]);
  });
});
