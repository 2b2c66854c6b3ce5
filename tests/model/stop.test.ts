import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../../trainer/alive.ts";
import { startCli } from "../support/cli.ts";

setDefaultTimeout(300_000);

const cwd = mkdtempSync(join(tmpdir(), "selkie-stop-"));
afterAll(() => rmSync(cwd, { recursive: true }));

/** What a process manager gives a program to end, in milliseconds. */
const GRACE_MS = 10_000;

test("a server that is told to stop while it trains ends in time, with its processes", async () => {
  const env = { SELKIE_PORT: "0", SELKIE_BACKEND: "cpu" };
  const child = startCli(["serve", "--demo"], { cwd, home: join(cwd, "home"), env });
  let said = "";
  const reading = (async () => {
    for await (const bytes of child.stderr) said += new TextDecoder().decode(bytes);
  })();
  const url = () => /http:\/\/[\d.]+:\d+/.exec(said)?.[0];
  while (!url()) await Bun.sleep(50);
  const status = async () => (await (await fetch(`${url()}/api/status`)).json()) as Status;
  while (!(await status()).running?.training) await Bun.sleep(100);
  const children = await childrenOf(child.pid);
  expect(children.length).toBeGreaterThan(0);

  const begun = performance.now();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(143);
  const took = performance.now() - begun;
  console.log(`Stopped within ${(took / 1000).toFixed(2)} s of SIGTERM, while it trained.`);
  expect(took).toBeLessThan(GRACE_MS);
  await reading;
  expect(said).not.toContain("went wrong");
  while (children.some(isAlive)) {
    if (performance.now() - begun > GRACE_MS) throw new Error("A process of it is left.");
    await Bun.sleep(50);
  }
});

interface Status {
  running: { training?: object } | null;
}

async function childrenOf(pid: number): Promise<number[]> {
  const list = await new Response(
    Bun.spawn(["ps", "-o", "pid=", "--ppid", String(pid)], { stdout: "pipe" }).stdout,
  ).text();
  return list.trim().split(/\s+/).filter(Boolean).map(Number);
}
