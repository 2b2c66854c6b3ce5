import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { issueToken } from "../../../app/tokens.ts";
import { listJobs } from "../../../db/jobs.ts";
import { listPassages } from "../../../db/passages.ts";
import type { Scope } from "../../../db/tokens.ts";
import { seed } from "../../browser/seed.ts";
import { ANSWER, openSite, type TestSite } from "../../browser/site.ts";

let site: TestSite;
let client: Client;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 6 }));
  client = await connect();
});
afterAll(async () => {
  await client.close();
  await site.close();
});

async function connect(key?: string): Promise<Client> {
  const transport = new StreamableHTTPClientTransport(new URL("/mcp", site.url), {
    ...(key && { requestInit: { headers: { authorization: `Bearer ${key}` } } }),
  });
  const made = new Client({ name: "test", version: "1" });
  await made.connect(transport);
  return made;
}

async function call(name: string, args: object, by = client) {
  const result = await by.callTool({ name, arguments: { ...args } });
  const { content, structuredContent, isError } = result as CallToolResult;
  return { structuredContent, isError, text: (content[0] as { text: string }).text };
}

describe("the tools", () => {
  test("are told of with what they take", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["search", "ask", "add_document"]);
    for (const { inputSchema, description } of tools) {
      expect(inputSchema.type).toBe("object");
      expect(Object.keys(inputSchema.properties!).length).toBeGreaterThan(1);
      expect(description!.length).toBeGreaterThan(40);
    }
    expect(tools[0]!.inputSchema.required).toEqual(["query"]);
    expect(client.getInstructions()).toContain("search");
  });

  test("search what was read", async () => {
    const passage = listPassages(site.db)[2]!;
    const { structuredContent, text } = await call("search", { query: passage.title, limit: 3 });
    const { passages } = structuredContent as { passages: { id: number; text: string }[] };
    expect(passages[0]).toMatchObject({ id: passage.id, text: passage.text });
    expect(passages.length).toBeLessThanOrEqual(3);
    expect(JSON.parse(text)).toEqual(structuredContent as object);
    expect((await call("search", { query: "zzzzq" })).structuredContent).toEqual({ passages: [] });
  });

  test("ask the weights", async () => {
    const { structuredContent } = await call("ask", { question: "Since when?" });
    expect(structuredContent).toMatchObject({ answer: ANSWER });
    const base = await call("ask", { question: "Since when?", version: "base" });
    expect(base.structuredContent).toMatchObject({ version: 0 });
  });

  test("hand in a document", async () => {
    const first = await call("add_document", { title: "A ferry", text: "It leaves at nine." });
    const { job } = first.structuredContent as { job: number };
    expect(listJobs(site.db, "queued").map(({ id }) => id)).toContain(job);
    const again = await call("add_document", { title: "A ferry", text: "It leaves at nine." });
    expect(again.structuredContent).toEqual({ job, added: false });
    await call("add_document", { url: "https://example.org/a" });
  });

  test("say in a sentence what is wrong", async () => {
    const cases: [string, object, string][] = [
      ["search", { query: " " }, "query"],
      ["search", {}, "query"],
      ["ask", { question: "x", version: "newest" }, "version"],
      ["ask", { question: "x", version: "999" }, "no such version"],
      ["add_document", {}, "either a text or a url"],
      ["add_document", { text: "a", url: "https://example.org" }, "either a text or a url"],
      ["add_document", { url: "file:///etc/passwd" }, "http"],
    ];
    for (const [name, args, words] of cases) {
      const { isError, text } = await call(name, args);
      expect([args, isError, text]).toEqual([args, true, expect.stringContaining(words)]);
    }
    await expect(client.callTool({ name: "delete_everything", arguments: {} })).rejects.toThrow(
      "no tool",
    );
  });
});

test("a key has the tools of its scopes", async () => {
  const names = async (...scopes: Scope[]) => {
    const by = await connect(issueToken(site.db, { name: "mcp", scopes }).key);
    const { tools } = await by.listTools();
    await by.close();
    return tools.map(({ name }) => name);
  };
  expect(await names("read")).toEqual(["search"]);
  expect(await names("chat", "write")).toEqual(["ask", "add_document"]);
  expect(await names("admin")).toHaveLength(3);
  const reader = await connect(issueToken(site.db, { name: "r", scopes: ["read"] }).key);
  await expect(reader.callTool({ name: "ask", arguments: { question: "x" } })).rejects.toThrow();
  await reader.close();
  await expect(connect("sk-selkie-wrong")).rejects.toThrow();
});

test("pages of other sites, and what is no message, get nothing", async () => {
  const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const accept = "application/json, text/event-stream";
  const send = (headers: Record<string, string>, body = JSON.stringify(message)) =>
    fetch(`${site.url}/mcp`, { method: "POST", headers: { accept, ...headers }, body });
  const evil = { origin: "https://evil.example", "content-type": "text/plain" };
  expect((await send(evil)).status).toBe(403);
  expect((await send({ "content-type": "application/json" }, "{")).status).toBe(400);
  const rebound = { host: "evil.example", "content-type": "application/json" };
  expect((await send(rebound)).status).toBe(403);
  expect((await fetch(`${site.url}/mcp`)).status).toBeGreaterThanOrEqual(400);
});
