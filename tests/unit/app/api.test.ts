import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { issueToken } from "../../../app/tokens.ts";
import { listJobs } from "../../../db/jobs.ts";
import { getVersion } from "../../../db/versions.ts";
import { seed } from "../../browser/seed.ts";
import { ANSWER, openSite, type TestSite } from "../../browser/site.ts";

let site: TestSite;
let document: OpenApi;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 9 }), { SELKIE_MAX_DOCUMENT_MB: "0.01" });
  document = (await (await fetch(`${site.url}/api/openapi.json`)).json()) as OpenApi;
});
afterAll(() => site.close());

interface Operation {
  tags: string[];
  security: { key: string[] }[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}
interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

const ajv = new Ajv({ strict: false });

/** Sends a request and checks that the answer is what the document says of it. */
async function call(
  method: string,
  path: string,
  { body, told = path, headers = {} }: { body?: unknown; told?: string; headers?: object } = {},
) {
  const response = await fetch(site.url + path, {
    method: method.toUpperCase(),
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const data = (await response.json()) as Record<string, unknown>;
  const operation = document.paths[told.replace(/\?.*/, "")]?.[method];
  const { responses } = operation!;
  const { schema } = (responses[response.status] ?? responses.default)!.content[
    "application/json"
  ]!;
  const validate = ajv.compile(schema);
  validate(data);
  expect([method, path, validate.errors]).toEqual([method, path, null]);
  return { status: response.status, data };
}

describe("the document", () => {
  test("describes every route, with its scope, and refers to nothing that is not there", () => {
    expect(document.openapi).toStartWith("3.1");
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(30);
    for (const { path, method, operation } of operations) {
      expect(path).toStartWith("/api/");
      const [scope] = operation.security[0]!.key;
      expect([path, ["read", "write", "chat", "admin"]]).toEqual([
        path,
        expect.arrayContaining([scope]),
      ]);
      // Addresses that are told of things may be secret themselves; so may what keys are for.
      // What somebody asked is theirs.
      const secret = /^\/api\/(?:webhooks|tokens)/.test(path);
      const own = path.startsWith("/api/conversations");
      const looked = secret ? "admin" : own ? "chat" : "read";
      if (method === "get") expect([path, scope]).toEqual([path, looked]);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      const given = (operation.parameters ?? []).filter((it) => it.in === "path");
      expect([path, given.map(({ name }) => name)]).toEqual([path, named]);
    }
    expect(JSON.stringify(document)).not.toContain("$ref");
  });

  test("is true of everything that can be looked at", async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (!get || path === "/api/sources/opml") continue;
      const query = path === "/api/search" ? "?q=treaty" : "";
      const id = /rounds|experiments|webhooks|refits|tokens/.test(path) ? 99 : 1;
      const { status } = await call("get", path.replace("{id}", String(id)) + query, {
        told: path,
      });
      expect([path, [200, 404]]).toEqual([path, expect.arrayContaining([status])]);
      if (id === 1 && !/\{\w+\}/.test(path)) expect([path, status]).toEqual([path, 200]);
    }
    expect((await call("get", "/api/passages/1", { told: "/api/passages/{id}" })).status).toBe(200);
    expect((await call("get", "/api/updates/1", { told: "/api/updates/{id}" })).status).toBe(200);
    expect((await call("get", "/api/documents/1", { told: "/api/documents/{id}" })).status).toBe(
      200,
    );
  });
});

describe("lists", () => {
  test("come in stretches", async () => {
    const { data } = await call("get", "/api/passages?limit=3&offset=2", {
      told: "/api/passages",
    });
    const all = (await call("get", "/api/passages")).data.passages as unknown[];
    expect(data.passages).toEqual(all.slice(2, 5));
    expect(data.total).toBe(all.length);
    for (const query of ["limit=0", "limit=501", "limit=x", "offset=-1", "limit=1e2"]) {
      const { status } = await call("get", `/api/passages?${query}`, { told: "/api/passages" });
      expect([query, status]).toEqual([query, 422]);
    }
  });

  test("of passages can be searched", async () => {
    const all = (await call("get", "/api/passages")).data.passages as {
      id: number;
      title: string;
    }[];
    const { id, title } = all[3]!;
    const { data } = await call("get", `/api/search?q=${encodeURIComponent(title)}`, {
      told: "/api/search",
    });
    expect((data.passages as { id: number }[])[0]!.id).toBe(id);
    const none = await call("get", "/api/search?q=%22%20OR%20*", { told: "/api/search" });
    expect(none.data).toEqual({ passages: [] });
  });
});

describe("documents", () => {
  test("are handed in as texts, addresses and files, and acknowledged when recorded", async () => {
    const text = { title: "A ferry", text: "The ferry leaves at nine." };
    const first = await call("post", "/api/documents", { body: text });
    expect([first.status, first.data.added]).toEqual([202, true]);
    const again = await call("post", "/api/documents", { body: text });
    expect(again.data).toEqual({ job: first.data.job, added: false });
    const job = await call("get", `/api/jobs/${first.data.job}`, { told: "/api/jobs/{id}" });
    expect(job.data).toMatchObject({ kind: "read", state: "queued" });
    await call("post", "/api/documents", { body: { url: "https://example.org/a" } });
    const form = new FormData();
    form.append("file", new File(["One."], "one.txt"));
    form.append("file", new File([""], "empty.txt"));
    const files = await fetch(`${site.url}/api/documents/files`, { method: "POST", body: form });
    expect(files.status).toBe(202);
    expect(await files.json()).toMatchObject({
      files: [{ name: "one.txt", added: true }],
      refused: [{ name: "empty.txt", message: expect.stringContaining("is empty") }],
    });
    expect(listJobs(site.db, "queued").filter(({ kind }) => kind === "read")).toHaveLength(3);
  });

  test("that are none are refused, and nothing of them is repeated", async () => {
    const cases: [unknown, number, string][] = [
      [{}, 422, "Give either"],
      [{ url: "https://a.example", text: "b" }, 422, "Give either"],
      [{ text: "  " }, 422, "nothing in the text"],
      [{ url: "file:///etc/passwd" }, 422, "http"],
      [{ text: "secret ".repeat(3000) }, 413, "at most"],
    ];
    for (const [body, status, words] of cases) {
      const answer = await call("post", "/api/documents", { body });
      const { message } = answer.data.error as { message: string };
      expect([answer.status, message]).toEqual([status, expect.stringContaining(words)]);
      expect(message).not.toContain("secret");
    }
    const broken = await fetch(`${site.url}/api/documents`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ error: { code: "bad-request" } });
  });

  test("are allowed to be learned", async () => {
    const answer = await call("post", "/api/documents/1/consent", {
      body: { learn: false },
      told: "/api/documents/{id}/consent",
    });
    expect(answer.data.document).toBe(1);
    const no = await call("get", "/api/documents?consent=no", { told: "/api/documents" });
    expect((no.data.documents as { id: number }[]).map(({ id }) => id)).toContain(1);
  });
});

describe("sources", () => {
  test("are added, changed, looked at and removed", async () => {
    const added = await call("post", "/api/sources", {
      body: { address: "arxiv:cs.CL", mode: "ask", quota: 5, minutes: 90, trust: "low" },
    });
    expect([added.status, added.data.added]).toEqual([201, true]);
    const { id, ...source } = added.data.source as { id: number };
    expect(source).toMatchObject({ kind: "arxiv", quota: 5, every: 5_400_000, trust: "low" });
    const again = await call("post", "/api/sources", { body: { address: "arxiv:cs.CL" } });
    expect([again.status, again.data.added]).toEqual([200, false]);
    const one = { told: "/api/sources/{id}" };
    const paused = await call("patch", `/api/sources/${id}`, {
      ...one,
      body: { paused: true, quota: null, trust: "high" },
    });
    expect(paused.data.source).toMatchObject({
      ...{ state: "paused", quota: null, mode: "ask", trust: "high" },
    });
    const looked = await call("post", `/api/sources/${id}/check`, {
      told: "/api/sources/{id}/check",
    });
    expect(looked.data.source).toMatchObject({ state: "active", nextCheckAt: 0 });
    const opml = await (await fetch(`${site.url}/api/sources/opml`)).text();
    expect(opml).toContain("cs.CL");
    await call("delete", `/api/sources/${id}`, one);
    expect((await call("get", `/api/sources/${id}`, one)).status).toBe(404);
    const back = await fetch(`${site.url}/api/sources/opml`, { method: "POST", body: opml });
    expect(await back.json()).toMatchObject({ added: 1, failures: [] });
  });

  test("that cannot be are refused", async () => {
    for (const body of [
      { address: "" },
      { address: "notes" },
      { address: "arxiv:cs.CL", mode: "often" },
      { address: "arxiv:cs.CL", quota: -1 },
      { address: "arxiv:cs.CL", colour: "red" },
    ]) {
      const answer = await call("post", "/api/sources", { body });
      expect([body, answer.status]).toEqual([body, 422]);
    }
    const none = await call("patch", "/api/sources/999", {
      told: "/api/sources/{id}",
      body: { paused: true },
    });
    expect(none.status).toBe(404);
  });
});

test("a question is answered by the version that is asked", async () => {
  const body = { question: "Since when?" };
  const answer = await call("post", "/api/ask", { body });
  expect(answer.data).toMatchObject({ ...body, answer: ANSWER });
  const base = await call("post", "/api/ask", { body: { ...body, version: "base" } });
  expect(base.data.version).toBe(0);
  const none = await call("post", "/api/ask", { body: { ...body, version: "9999" } });
  expect(none.status).toBe(404);
  expect((await call("post", "/api/ask", { body: { question: " " } })).status).toBe(422);
});

test("a conversation is kept, goes on, is found, and is deleted", async () => {
  const list = "/api/conversations";
  const one = `${list}/{id}`;
  const body = { question: "Since when has Lirwold had a bell?", mode: "compare" };
  const begun = await call("post", list, { body });
  expect(begun.status).toBe(201);
  const [turn] = begun.data.turns as { answers: Record<string, unknown>[] }[];
  expect(turn!.answers.map(({ arm }) => arm)).toEqual(["learned", "passages", "base"]);
  expect(turn!.answers[0]).toMatchObject({ text: ANSWER, origin: "weights", logprob: -0.25 });
  const path = `${list}/${begun.data.id}`;
  const next = { body: { question: "And before?" }, told: `${one}/questions` };
  const asked = await call("post", `${path}/questions`, next);
  expect(asked.data).toMatchObject({ mode: "weights", answers: [{ state: "done" }] });
  const change = { title: "The bell", version: 0 };
  const changed = await call("patch", path, { body: change, told: one });
  expect(changed.data).toMatchObject({ title: "The bell", versionId: 0 });
  expect(changed.data.turns).toHaveLength(2);
  const none = await call("patch", path, { body: { version: 999 }, told: one });
  expect(none.status).toBe(404);
  const found = await call("get", `${list}?q=bell`, { told: list });
  expect(found.data).toMatchObject({
    total: 1,
    conversations: [{ id: begun.data.id, questions: 2 }],
  });
  expect((await call("get", `${list}?q=ferry`, { told: list })).data.conversations).toEqual([]);
  const markdown = await fetch(`${site.url}${path}/markdown`);
  expect(markdown.headers.get("content-type")).toContain("text/markdown");
  expect(await markdown.text()).toStartWith("# The bell\n\n## Since when");
  for (const wrong of [{}, { question: " " }, { question: "x", mode: "all" }]) {
    expect((await call("post", list, { body: wrong })).status).toBe(422);
  }
  expect((await call("delete", path, { told: one })).data).toEqual({ deleted: begun.data.id });
  expect((await call("get", path, { told: one })).status).toBe(404);
});

test("settings are changed together or not at all", async () => {
  const stored = async () =>
    ((await call("get", "/api/settings")).data.settings as { key: string; stored: unknown }[])
      .filter((line) => line.stored !== null)
      .map(({ key, stored }) => [key, stored]);
  const change = (body: unknown) => call("patch", "/api/settings", { body });
  expect((await change({ epochs: 4, "learning-rate": 0.001 })).status).toBe(200);
  const refused = await change({ epochs: 5, "lora-rank": 0 });
  expect(refused.status).toBe(422);
  expect(JSON.stringify(refused.data)).toContain("a whole number from 1 to 1024");
  expect((await change({ "teacher.key": "x" })).status).toBe(422);
  expect((await stored()).sort()).toEqual([
    ["epochs", 4],
    ["learning-rate", 0.001],
  ]);
  await change({ epochs: null });
  expect(await stored()).toEqual([["learning-rate", 0.001]]);
});

test("what takes long is queued once", async () => {
  for (const path of ["/api/memory/sweep", "/api/writer/rounds"]) {
    const first = await call("post", path);
    const second = await call("post", path);
    expect([first.status, second.data]).toEqual([202, { job: first.data.job, added: false }]);
  }
});

test("another version answers, and what that means is told before and after", async () => {
  const before = (await call("get", "/api/versions")).data;
  const current = before.current as number;
  expect(current).toBeGreaterThan(1);
  const version = { told: "/api/versions/{id}" };
  const wouldBe = await call("get", "/api/versions/0", version);
  expect((wouldBe.data.lost as object[]).length).toBeGreaterThan(0);
  const use = (id: number, body = {}) =>
    call("post", `/api/versions/${id}/use`, { told: "/api/versions/{id}/use", body });
  const compared = await call("get", `/api/versions/${current}/compare/0`, {
    told: "/api/versions/{id}/compare/{other}",
  });
  expect(compared.data).toMatchObject({ onlyB: 0, lines: expect.any(Array) });
  expect((await use(0)).data).toEqual(wouldBe.data);
  expect((await call("get", "/api/versions")).data.current).toBe(0);
  const { file } = getVersion(site.db, current)!;
  rmSync(join(site.instance.home.adapters, file));
  const back = await use(current);
  expect([back.status, back.data.error]).toEqual([
    409,
    { code: "no-adapter", message: expect.stringContaining("rebuild") },
  ]);
  expect((await use(999)).status).toBe(404);
  const pinned = await call("put", `/api/versions/${current}/pinned`, {
    told: "/api/versions/{id}/pinned",
    body: { pinned: true },
  });
  expect(pinned.data).toEqual({ version: current, pinned: true });
});

test("learning is paused, corrected, slept over and undone", async () => {
  expect((await call("put", "/api/learning/paused", { body: { paused: true } })).status).toBe(200);
  expect((await call("get", "/api/learning")).data.rest).toBeDefined();
  await call("put", "/api/learning/paused", { body: { paused: false } });
  const wrong = { question: "Who rows the ferry?", given: "Nobody.", version: 0, answer: "Ada." };
  const noted = await call("post", "/api/corrections", { body: wrong });
  expect(noted.data).toMatchObject({ feedback: expect.any(Number), queued: true });
  const asleep = await call("post", "/api/sleep");
  expect(asleep.status).toBe(202);
  const refit = await call("get", `/api/refits/${asleep.data.refit}`, {
    told: "/api/refits/{id}",
  });
  expect(refit.status).toBe(200);
  const stopped = await call("post", `/api/refits/${asleep.data.refit}/stop`, {
    told: "/api/refits/{id}/stop",
  });
  expect(stopped.data).toEqual({ stopped: true });
  expect((await call("post", "/api/unlearn", { body: { passage: 1 } })).status).toBe(202);
  expect((await call("post", "/api/unlearn", { body: { passage: 99_999 } })).status).toBe(404);
  expect((await call("post", "/api/unlearn", { body: {} })).status).toBe(422);
});

test("a page of another site cannot do anything", async () => {
  const before = listJobs(site.db, "queued").length;
  const body = JSON.stringify({ text: "Believe me." });
  const others: Record<string, string>[] = [
    { origin: "https://evil.example", "content-type": "text/plain" },
    { "sec-fetch-site": "cross-site", "content-type": "text/plain" },
    { origin: "null" },
  ];
  for (const headers of others) {
    const sent = { method: "POST", headers, body };
    expect((await fetch(`${site.url}/api/documents`, sent)).status).toBe(403);
  }
  // What needs a question first (CORS) gets no answer to it.
  const asked = await fetch(`${site.url}/api/documents`, {
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
  });
  expect(asked.headers.get("access-control-allow-origin")).toBeNull();
  expect(listJobs(site.db, "queued")).toHaveLength(before);
});

test("each scope opens what it names, and nothing else", async () => {
  const keys = Object.fromEntries(
    (["read", "write", "chat", "admin"] as const).map((scope) => [
      scope,
      issueToken(site.db, { name: scope, scopes: [scope] }).key,
    ]),
  );
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      const needed = security[0]!.key[0]!;
      for (const [scope, key] of Object.entries(keys)) {
        if (scope === needed || scope === "admin") continue;
        const { status } = await fetch(site.url + path.replace("{id}", "1"), {
          method: method.toUpperCase(),
          headers: { authorization: `Bearer ${key}` },
        });
        expect([method, path, scope, status]).toEqual([method, path, scope, 403]);
      }
    }
  }
});
