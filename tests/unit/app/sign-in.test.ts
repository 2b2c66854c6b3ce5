import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../app/config.ts";
import { startServer } from "../../../app/server.tsx";
import { MOST, tryPassword, WINDOW_MS } from "../../../app/sign-in/attempt.ts";
import { clientOf } from "../../../app/sign-in/client.ts";
import {
  adoptPassword,
  hasPassword,
  isPassword,
  setPassword,
} from "../../../app/sign-in/password.ts";
import { latestEvents } from "../../../db/events.ts";
import { closeDatabase, openDatabase } from "../../../db/open.ts";
import {
  addSession,
  findSession,
  listSessions,
  SESSION_IDLE_MS,
  SESSION_MS,
  touchSession,
} from "../../../db/sessions.ts";
import { allSettings } from "../../../db/settings.ts";
import { addWrongPassword, countWrongPasswords } from "../../../db/wrong-passwords.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";

setDefaultTimeout(30_000);

const PASSWORD = "a ferry at nine o'clock";
const OTHER = "the lighthouse of Lirwold";

let site: TestSite;
beforeAll(async () => {
  site = await openSite();
  await setPassword(site.db, PASSWORD);
});
afterAll(() => site.close());

function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  return fetch(site.url + path, {
    method: "POST",
    redirect: "manual",
    headers: { origin: site.url, ...headers },
    body: new URLSearchParams(fields),
  });
}

const cookieOf = (answer: Response) => answer.headers.get("set-cookie")?.split(";")[0] ?? "";
const signIn = async (headers = {}) =>
  cookieOf(await post("/sign-in", { password: PASSWORD }, headers));
const look = (path: string, cookie = "", accept = "text/html") =>
  fetch(site.url + path, { redirect: "manual", headers: { cookie, accept } });

describe("people", () => {
  test("are led to the sign-in, and from there to where they were going", async () => {
    const away = await look("/passages?page=2");
    expect(away.status).toBe(303);
    expect(away.headers.get("location")).toBe("/sign-in?next=%2Fpassages%3Fpage%3D2");
    const form = await (await look(away.headers.get("location")!)).text();
    expect(form).toContain('name="next" value="/passages?page=2"');
    expect(form).not.toContain('class="places"');
    const answer = await post("/sign-in", { password: PASSWORD, next: "/passages?page=2" });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/passages?page=2"]);
    const home = await (await look("/", cookieOf(answer))).text();
    expect(home).toContain('action="/sign-out"');
    expect(home).toContain('class="places"');
  });

  test("are never led elsewhere", async () => {
    const cookie = await signIn();
    for (const next of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "/%09//evil.example/..//evil.example",
      "javascript:alert(1)",
      "/sign-in?next=/sign-in",
    ]) {
      const answer = await look(`/sign-in?next=${encodeURIComponent(next)}`, cookie);
      const location = new URL(answer.headers.get("location")!, site.url);
      expect([next, location.origin]).toEqual([next, site.url]);
      expect(location.pathname.startsWith("/sign-in")).toBe(false);
    }
  });

  test("who have no password are told so, and nothing else", async () => {
    const answer = await post("/sign-in", { password: "wrong" });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain("That is not the password.");
    expect(answer.headers.get("set-cookie")).toBeNull();
    for (const [path, accept] of [
      ["/events", "text/event-stream"],
      ["/memory/history.svg", "image/svg+xml"],
    ] as const) {
      const refused = await look(path, "", accept);
      expect([path, refused.status]).toEqual([path, 401]);
    }
  });

  test("keep a cookie that no script can read, of which the database has a hash", async () => {
    const answer = await post("/sign-in", { password: PASSWORD });
    const cookie = answer.headers.get("set-cookie")!;
    expect(cookie).toMatch(/^selkie\d+=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
    const key = cookie.split(/[=;]/)[1]!;
    expect(readFileSync(site.instance.home.database).includes(key)).toBe(false);
    const proxied = await post(
      "/sign-in",
      { password: PASSWORD },
      { "x-forwarded-proto": "https", "sec-fetch-site": "same-origin" },
    );
    expect(proxied.headers.get("set-cookie")).toMatch(/^__Host-selkie.*; Secure; SameSite=Lax$/);
    expect((await look("/", cookieOf(proxied))).status).toBe(200);
  });

  test("sign out, here or everywhere, and what they watched ends", async () => {
    const [here, there] = [await signIn(), await signIn()];
    const stream = await look("/events", there, "text/event-stream");
    expect(stream.status).toBe(200);
    await post("/sign-out", {}, { cookie: here });
    expect((await look("/", here)).status).toBe(303);
    expect((await look("/", there)).status).toBe(200);
    await post("/access/sign-out", {}, { cookie: there });
    expect((await look("/", there)).status).toBe(303);
    expect(listSessions(site.db)).toEqual([]);
    // Whatever happens wakes the stream, which looks again who it is for.
    site.show({ phase: "paused", message: "x" });
    await stream.text();
    site.show({ phase: "idle" });
  });

  test("change the password, which signs all others out", async () => {
    const [mine, other] = [await signIn(), await signIn()];
    const wrong = await post("/access/password", { old: "x", new: OTHER }, { cookie: mine });
    expect([wrong.status, await wrong.text()]).toEqual([
      422,
      expect.stringContaining("not the password"),
    ]);
    const short = await post("/access/password", { old: PASSWORD, new: "x" }, { cookie: mine });
    expect([short.status, await short.text()]).toEqual([
      422,
      expect.stringContaining("10 to 1000"),
    ]);
    const done = await post("/access/password", { old: PASSWORD, new: OTHER }, { cookie: mine });
    expect(done.status).toBe(303);
    expect(await (await look("/access?done=password", mine)).text()).toContain("this one");
    expect((await look("/", other)).status).toBe(303);
    expect((await post("/sign-in", { password: PASSWORD })).status).toBe(401);
    await setPassword(site.db, PASSWORD);
  });

  test("may look at what is for programs, too, and change it from Selkie's own pages", async () => {
    const cookie = await signIn();
    expect((await look("/api/status", cookie, "*/*")).status).toBe(200);
    const change = (headers: Record<string, string>) =>
      fetch(`${site.url}/api/settings`, {
        method: "PATCH",
        headers: { cookie, "content-type": "application/json", ...headers },
        body: "{}",
      });
    expect((await change({ "sec-fetch-site": "same-origin" })).status).toBe(200);
    expect((await change({ "sec-fetch-site": "cross-site" })).status).toBe(403);
  });
});

describe("wrong passwords", () => {
  const elsewhere = { "x-forwarded-for": "203.0.113.7" };

  test("are borne with a few times, from each address, also across a restart", async () => {
    const { db } = site;
    const now = Date.now();
    for (let i = 0; i < MOST.own - 1; i++) addWrongPassword(db, "203.0.113.7", now - 1000);
    // Many at once are no more than many in a row.
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => post("/sign-in", { password: "wrong" }, elsewhere)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([401, 429, 429, 429]);
    const again = openDatabase(site.instance.home.database);
    expect(await tryPassword(again, PASSWORD, "203.0.113.7", now + WINDOW_MS / 2)).toBe(
      "too-often",
    );
    closeDatabase(again);
    expect(
      (await post("/sign-in", { password: PASSWORD }, { "x-forwarded-for": "203.0.113.8" })).status,
    ).toBe(303);
    expect(await tryPassword(db, PASSWORD, "203.0.113.7", now + WINDOW_MS + 1000)).toBe("right");
    const [event] = latestEvents(db, 1);
    expect(event).toMatchObject({ kind: "access.refused", level: "warning" });
    expect(event!.message).toContain("203.0.113.7");
  });

  test("of all addresses together have an end, too, and what counts no more is removed", async () => {
    const { db } = site;
    const now = Date.now() + 3 * WINDOW_MS;
    for (let i = 0; i < MOST.all; i++) addWrongPassword(db, `198.51.100.${i}`, now);
    expect(await tryPassword(db, PASSWORD, "192.0.2.1", now + 1)).toBe("too-often");
    expect(countWrongPasswords(db, "192.0.2.1", now)).toEqual({ own: 0, all: 0 });
  });
});

describe("sessions", () => {
  test("end when they were not used for long, and a year after the sign-in", () => {
    const db = openDatabase(":memory:");
    const add = (hash: string, now: number) =>
      addSession(db, { hash, address: "127.0.0.1", agent: "x" }, now);
    add("a", 0);
    expect(findSession(db, "a", SESSION_IDLE_MS - 1)).toBeDefined();
    expect(findSession(db, "a", SESSION_IDLE_MS)).toBeUndefined();
    for (let at = 0; at < SESSION_MS; at += SESSION_IDLE_MS / 2) {
      touchSession(db, findSession(db, "a", at)!, at);
    }
    expect(findSession(db, "a", SESSION_MS - 1)).toBeDefined();
    expect(findSession(db, "a", SESSION_MS)).toBeUndefined();
    add("b", SESSION_MS);
    expect(listSessions(db, SESSION_MS).map(({ hash }) => hash)).toEqual(["b"]);
    closeDatabase(db);
  });
});

describe("who asks", () => {
  const client = (peer: string, headers: Record<string, string>, proxies = "") =>
    clientOf(
      {
        env: { server: { requestIP: () => ({ address: peer }) } },
        req: {
          raw: undefined,
          url: "http://selkie.example/",
          header: (name: string) => headers[name],
        },
      } as never,
      loadConfig({ HOME: "/x", SELKIE_TRUSTED_PROXIES: proxies }),
    );

  test("is who is connected, or whom a trusted proxy names", () => {
    const claim = { "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https" };
    expect(client("198.51.100.1", claim)).toEqual({ address: "198.51.100.1", secure: false });
    expect(client("::ffff:127.0.0.1", claim)).toEqual({ address: "1.2.3.4", secure: true });
    expect(client("172.18.0.9", claim, "172.18.0.0/16").address).toBe("1.2.3.4");
    // What the asker wrote before the proxy's own word counts for nothing.
    const forged = { "x-forwarded-for": "6.6.6.6, 1.2.3.4, 172.18.0.9" };
    expect(client("127.0.0.1", forged, "172.18.0.9").address).toBe("1.2.3.4");
    expect(client("127.0.0.1", { "x-forwarded-for": "nonsense" }).address).toBe("127.0.0.1");
  });

  test("has no more attempts for having an IPv6 network", () => {
    const [one, other] = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"].map(
      (it) => client(it, {}).address,
    );
    expect(one).toBe(other!);
    expect(client("2001:db8:1:3::1", {}).address).not.toBe(one!);
  });

  test("is told by settings that can be understood", () => {
    const wrong = { HOME: "/x", SELKIE_TRUSTED_PROXIES: "proxy.local" };
    expect(() => loadConfig(wrong)).toThrow("must be addresses like");
  });
});

describe("the password", () => {
  test("is kept as an argon2id hash alone, and must not be short", async () => {
    const db = openDatabase(":memory:");
    await expect(setPassword(db, "short")).rejects.toThrow("10 to 1000");
    expect(hasPassword(db)).toBe(false);
    expect(await isPassword(db, "")).toBe(false);
    await setPassword(db, PASSWORD);
    const stored = JSON.stringify(allSettings(db));
    expect(stored).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(stored).not.toContain(PASSWORD);
    addSession(db, { hash: "a", address: "x", agent: "x" });
    await adoptPassword(db, PASSWORD);
    expect(listSessions(db)).toHaveLength(1);
    await adoptPassword(db, OTHER);
    expect(listSessions(db)).toEqual([]);
    closeDatabase(db);
  });

  test("is needed to listen where others are, and may come as a file", async () => {
    const dir = mkdtempSync(join(tmpdir(), "selkie-listen-"));
    const env = { SELKIE_HOME: dir, SELKIE_HOST: "0.0.0.0", SELKIE_PORT: "0" };
    const bare = await openSite();
    const { instance } = bare;
    const learner = { state: () => ({ phase: "idle" }), subscribe: () => () => {} } as never;
    const start = (config: object) =>
      startServer({ ...instance, config: { ...instance.config, ...config } }, learner);
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "selkie.example"]) {
      await expect(start({ host })).rejects.toThrow("`selkie password`");
    }
    const file = join(dir, "password");
    writeFileSync(file, `${OTHER}\n`);
    const { host, password } = loadConfig({ ...env, SELKIE_PASSWORD_FILE: file });
    expect(password).toBe(OTHER);
    const server = await start({ host, password });
    const port = new URL(server.url).port;
    expect((await fetch(`http://127.0.0.1:${port}/api/status`)).status).toBe(401);
    await server.stop();
    expect(() => loadConfig({ ...env, SELKIE_PASSWORD_FILE: join(dir, "none") })).toThrow(
      "cannot be read",
    );
    rmSync(dir, { recursive: true });
    await bare.close();
  });

  test("under a proxy's name is asked for only where the name is known", async () => {
    const named = await openSite(() => {}, { SELKIE_ALLOWED_HOSTS: "selkie.example" });
    const under = (host: string) => fetch(`${named.url}/healthz`, { headers: { host } });
    expect((await under("selkie.example")).status).toBe(200);
    expect((await under("evil.example")).status).toBe(403);
    await named.close();
  });

  test("is set, removed and forgotten at the command line", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "selkie-password-"));
    const run = (args: string[], stdin = "") =>
      runCli(["password", ...args], { cwd, home: join(cwd, "home"), stdin });
    const set = await run([], `${PASSWORD}\n`);
    expect([set.code, set.out]).toEqual([0, expect.stringContaining("ask for the password")]);
    const db = openDatabase(join(cwd, "home", "selkie.db"));
    expect(await isPassword(db, PASSWORD)).toBe(true);
    addSession(db, { hash: "a", address: "x", agent: "x" });
    expect((await run(["sign-out", "--json"])).json()).toEqual({ ended: 1 });
    expect((await run(["remove"])).code).toBe(0);
    expect(hasPassword(db)).toBe(false);
    closeDatabase(db);
    rmSync(cwd, { recursive: true });
  });
});
