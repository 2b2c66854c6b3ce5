import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueToken } from "../../../app/tokens.ts";
import { eventsAfter } from "../../../db/events.ts";
import { closeDatabase, openDatabase } from "../../../db/open.ts";
import { listWebhooks } from "../../../db/webhooks.ts";
import { startCli } from "../../support/cli.ts";

setDefaultTimeout(60_000);

const cwd = mkdtempSync(join(tmpdir(), "selkie-secrets-"));
afterAll(() => rmSync(cwd, { recursive: true }));

const SECRETS = {
  SELKIE_PASSWORD: "a ferry at nine o'clock",
  HF_TOKEN: "hf_aVerySecretToken",
  SELKIE_TEACHER_KEY: "sk-teacher-very-secret",
};

test("no secret is in a log, however it is used", async () => {
  const home = join(cwd, "home");
  const db = openDatabase(join(home, "selkie.db"));
  const { key } = issueToken(db, { name: "a", scopes: ["admin"] });
  const env = { ...SECRETS, SELKIE_PORT: "0", SELKIE_LOG: "json", SELKIE_LOG_LEVEL: "debug" };
  const child = startCli(["serve"], { cwd, home, env });
  let log = "";
  const reading = (async () => {
    for await (const bytes of child.stderr) log += new TextDecoder().decode(bytes);
  })();
  while (!log.includes("Ctrl-C")) await Bun.sleep(20);
  const url = /http:\/\/[\d.]+:\d+/.exec(log)![0];
  const send = (path: string, headers: Record<string, string>, body?: BodyInit) =>
    fetch(url + path, { method: body ? "POST" : "GET", redirect: "manual", headers, body });
  const form = (fields: Record<string, string>) => new URLSearchParams(fields);
  const here = { origin: url };

  const wrong = "not the password but a secret";
  await send("/sign-in", here, form({ password: wrong }));
  const signedIn = await send("/sign-in", here, form({ password: SECRETS.SELKIE_PASSWORD }));
  const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
  expect((await send("/", { cookie })).status).toBe(200);
  const authorization = `Bearer ${key}`;
  const json = { authorization, "content-type": "application/json" };
  const hook = { url: "http://127.0.0.1:9/hook?token=in-the-address", events: ["update.commit"] };
  expect((await send("/api/webhooks", json, JSON.stringify(hook))).status).toBe(201);
  const { secret } = listWebhooks(db)[0]!;
  // Failures are told of: none with what was sent.
  const broken = { ...json, authorization: `${authorization}x` };
  expect((await send("/api/status", broken)).status).toBe(401);
  const feed = { address: "http://me:pass-in-address@127.0.0.1:9/feed" };
  await send("/api/sources", json, JSON.stringify(feed));
  await send("/api/documents", json, JSON.stringify({ url: feed.address }));
  // The document cannot be had, and the log says so.
  for (const end = Date.now() + 20_000; !log.includes("job.failed") && Date.now() < end; ) {
    await Bun.sleep(50);
  }
  child.kill("SIGTERM");
  expect(await child.exited).toBe(143);
  await reading;
  const events = eventsAfter(db, 0);
  closeDatabase(db);

  const told = log + JSON.stringify(events) + (await new Response(child.stdout).text());
  const all = {
    ...SECRETS,
    wrong,
    key,
    secret,
    session: cookie.split("=")[1]!,
    inAddress: "pass-in-address",
  };
  for (const [name, value] of Object.entries(all)) {
    expect([name, told.includes(value)]).toEqual([name, false]);
  }
  // It is a log, though: one object a line, with what happened.
  const lines = log.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({
      level: "ERROR",
      message: expect.stringContaining("http://…@127.0.0.1:9/feed"),
      properties: expect.objectContaining({ kind: "job.failed" }),
    }),
  );
});
