import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Hono } from "hono";
import { createApp, createBoard } from "../../../app/server.tsx";
import { setPassword } from "../../../app/sign-in/password.ts";
import type { SiteEnv } from "../../../app/site.ts";
import { issueToken } from "../../../app/tokens.ts";
import { listJobs } from "../../../db/jobs.ts";
import type { Scope } from "../../../db/tokens.ts";
import { seed } from "../../browser/seed.ts";
import { openSite, type TestSite } from "../../browser/site.ts";

/** What may be asked for by anybody: a new entry here is a decision. */
const PUBLIC = [
  "GET /favicon.ico",
  "GET /healthz",
  "GET /readyz",
  "GET /sign-in",
  "POST /sign-in",
  "GET /api/openapi.json",
  "GET /public/htmx.js",
  "GET /public/selkie.css",
  "GET /public/selkie.svg",
];
const PASSWORD = "a ferry at nine o'clock";
const HERE = "http://127.0.0.1:7377";

interface Route {
  method: string;
  /** As it is declared, and with numbers in place of its parameters. */
  declared: string;
  path: string;
}

let site: TestSite;
let app: Hono<SiteEnv>;
let routes: Route[];
let cookie: string;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 3 }));
  await setPassword(site.db, PASSWORD);
  const { instance } = site;
  const learner = {
    state: () => ({ phase: "idle" }) as const,
    progress: () => undefined,
    subscribe: () => () => {},
    ended: new Promise<void>(() => {}),
  };
  app = await createApp({
    instance,
    learner,
    board: createBoard(instance, learner, { hardware: "", name: "", url: "" }),
    puller: { state: undefined, start: () => true, stop: () => {} } as never,
    ownKey: site.ownKey,
    signal: new AbortController().signal,
  });
  routes = routesOf(app);
  const body = new URLSearchParams({ password: PASSWORD });
  const answer = await send({ method: "POST", path: "/sign-in" }, { origin: HERE }, body);
  cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
});
afterAll(() => site.close());

/** Every route that has a handler of its own; what is for all methods counts for two. */
function routesOf(app: Hono<SiteEnv>): Route[] {
  const declared = new Map<string, Route>();
  for (const { method, path } of app.routes) {
    if (path.endsWith("*")) continue;
    for (const one of method === "ALL" ? ["GET", "POST"] : [method]) {
      const filled = path
        .replace(/:\w+\{\[0-9\]\+(\\?\.\w+)\}/g, "1$1")
        .replace(/:\w+(\{[^}]*\})?/g, "1");
      declared.set(`${one} ${path}`, { method: one, declared: path, path: filled });
    }
  }
  return [...declared.values()];
}

function send(
  { method, path }: Pick<Route, "method" | "path">,
  headers: Record<string, string> = {},
  body?: BodyInit,
): Promise<Response> {
  return Promise.resolve(app.request(HERE + path, { method, headers, body, redirect: "manual" }));
}

const nameOf = ({ method, declared }: Route) => `${method} ${declared}`;
const changes = ({ method }: Route) => method !== "GET";

describe("every route", () => {
  test("is among those that are walked", () => {
    expect(routes.length).toBeGreaterThan(100);
    expect(routes.map(nameOf)).toContain("POST /versions/:id");
    expect(routes.map(nameOf)).toContain("POST /mcp");
  });

  test("wants somebody who is signed in, or is on the short list", async () => {
    const open: string[] = [];
    for (const route of routes) {
      const html = await send(route, { origin: HERE, accept: "text/html" });
      await html.body?.cancel();
      const toSignIn = html.status === 303 && html.headers.get("location")!.startsWith("/sign-in?");
      if (html.status !== 401 && !toSignIn) open.push(nameOf(route));
    }
    // A form without a password is refused as a wrong one.
    expect(open.sort()).toEqual(PUBLIC.filter((it) => it !== "POST /sign-in").sort());
  });

  test("takes no session that is not one, and no key that is not one", async () => {
    const headers = {
      origin: HERE,
      cookie: cookie.replace(/=.*/, `=${"x".repeat(43)}`),
      authorization: `Bearer sk-selkie-${"x".repeat(43)}`,
    };
    for (const route of routes) {
      if (PUBLIC.includes(nameOf(route))) continue;
      expect([nameOf(route), (await send(route, headers)).status]).toEqual([nameOf(route), 401]);
    }
  });

  test("that changes something refuses pages from elsewhere, whoever is signed in", async () => {
    for (const route of routes.filter(changes)) {
      for (const from of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site", origin: HERE },
        { "sec-fetch-site": "same-site" },
        { "sec-fetch-site": "none" },
      ]) {
        for (const type of ["text/plain", "application/json", ""]) {
          const headers = { ...from, cookie, ...(type && { "content-type": type }) };
          const { status } = await send(route, headers as Record<string, string>, "{}");
          expect([nameOf(route), from, status]).toEqual([nameOf(route), from, 403]);
        }
      }
    }
  });

  test("for people takes no program's key", async () => {
    const { key } = issueToken(site.db, { name: "all", scopes: ["admin"] });
    const headers = { origin: HERE, authorization: `Bearer ${key}` };
    for (const route of routes) {
      const programs = /^\/(api|v1|mcp|metrics)/.test(route.path);
      if (programs || PUBLIC.includes(nameOf(route))) continue;
      expect([nameOf(route), (await send(route, headers)).status]).toEqual([nameOf(route), 401]);
    }
  });

  test("for programs has a scope, and `read` changes nothing", async () => {
    const headersOf = (scopes: Scope[]) => ({
      authorization: `Bearer ${issueToken(site.db, { name: "x", scopes }).key}`,
    });
    const none = headersOf([]);
    const read = headersOf(["read"]);
    for (const route of routes) {
      if (!/^\/(api|v1|mcp|metrics)/.test(route.path) || PUBLIC.includes(nameOf(route))) continue;
      expect([nameOf(route), (await send(route, none, body(route))).status]).toEqual([
        nameOf(route),
        403,
      ]);
      // MCP shows each key the tools of its scopes, which are tested there.
      if (!changes(route) || route.path === "/mcp") continue;
      expect([nameOf(route), (await send(route, read, body(route))).status]).toEqual([
        nameOf(route),
        403,
      ]);
    }
  });

  test("answers under its own names only", async () => {
    for (const route of routes) {
      const { status } = await Promise.resolve(
        app.request(`http://evil.example${route.path}`, {
          method: route.method,
          headers: { cookie },
        }),
      );
      expect([nameOf(route), status]).toEqual([nameOf(route), 403]);
    }
  });
});

describe("a path in an address", () => {
  test("leads nowhere outside of the data folder", async () => {
    const { home } = site.instance;
    const canaries = [`${home.root}/../canary.gguf`, `${home.root}/canary.gguf`];
    for (const path of canaries) writeFileSync(path, "a canary");
    const named = app.routes.filter(({ path }) => path.includes(":"));
    expect(named.length).toBeGreaterThan(20);
    for (const { method, path } of named) {
      for (const way of [
        "../canary",
        "../../canary",
        "....//canary",
        "..\\canary",
        `${home.root}/canary`,
      ]) {
        const filled = path.replace(/:\w+(\{[^}]*\})?/g, encodeURIComponent(`${way}.gguf`));
        const headers = { cookie, origin: HERE, "content-type": "application/json" };
        const route = { method: method === "ALL" ? "GET" : method, path: filled };
        const answer = await send(route, headers, route.method === "GET" ? undefined : "{}");
        // Refused, or led back to where it came from.
        expect([filled, answer.status >= 300 && answer.status < 500]).toEqual([filled, true]);
        expect(await answer.text()).not.toContain("a canary");
      }
    }
    for (const path of canaries) {
      expect(readFileSync(path, "utf8")).toBe("a canary");
      rmSync(path);
    }
  });

  test("nor does the name of a file that is sent", async () => {
    const { home, db } = site.instance;
    const form = new FormData();
    for (const name of ["../../evil.txt", "/etc/evil.txt", "..\\evil.txt", "evil\u0000.txt"]) {
      form.append("file", new File([`Sent as ${name}.`], name));
    }
    const answer = await send(
      { method: "POST", path: "/api/documents/files" },
      { cookie, origin: HERE },
      form,
    );
    expect(answer.status).toBeLessThan(300);
    expect(readdirSync(home.inbox)).toHaveLength(4);
    for (const name of readdirSync(home.inbox)) expect(name).toMatch(/^[0-9a-f]{64}$/);
    const jobs = listJobs(db, "queued").flatMap(({ payload }) => payload.file ?? []);
    for (const file of jobs) expect(dirname(file)).toBe(home.inbox);
  });
});

function body({ method }: Route): string | undefined {
  return method === "GET" ? undefined : "{}";
}

describe("what is only looked at", () => {
  test("carries the policy, runs no code of its own, and changes nothing", async () => {
    const { $client } = site.db;
    const count = () => ($client.prepare("SELECT total_changes() AS n").get() as { n: number }).n;
    await send({ method: "GET", path: "/" }, { cookie });
    let pages = 0;
    for (const route of routes) {
      if (changes(route) || route.path === "/events") continue;
      const before = count();
      const answer = await send(route, { cookie, accept: "text/html" });
      const text = await answer.text();
      expect([nameOf(route), count()]).toEqual([nameOf(route), before]);
      expect([nameOf(route), answer.status < 500]).toEqual([nameOf(route), true]);
      const { headers } = answer;
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("access-control-allow-origin")).toBeNull();
      if (!PUBLIC.includes(nameOf(route))) {
        expect([nameOf(route), headers.get("cache-control")]).toEqual([
          nameOf(route),
          expect.stringMatching(/no-store|no-cache|private/),
        ]);
      }
      if (!headers.get("content-type")?.startsWith("text/html")) continue;
      pages += 1;
      expect([nameOf(route), codeIn(text)]).toEqual([nameOf(route), []]);
    }
    expect(pages).toBeGreaterThan(12);
  });
});

/** What the policy would refuse to run, or should. */
function codeIn(html: string): string[] {
  return [
    ...(html.match(/<script(?![^>]*\ssrc="\/public\/)[^>]*>/g) ?? []),
    ...(html.match(/<style/g) ?? []),
    ...(html.match(/<[a-z][^>]*\son[a-z]+=/gi) ?? []),
    ...(html.match(/<[a-z][^>]*\sstyle=/gi) ?? []),
    ...(html.match(/javascript:/gi) ?? []),
  ];
}
