import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";

setDefaultTimeout(30_000);

const cwd = mkdtempSync(join(tmpdir(), "selkie-complete-"));
afterAll(() => rmSync(cwd, { recursive: true }));
const run = (...args: string[]) => runCli(args, { cwd, home: join(cwd, "home") });

/** What the shell would offer, by name. */
async function offered(...words: string[]): Promise<string[]> {
  const { out } = await run("complete", "--", ...words);
  return out.split("\n").flatMap((line) => (/^:|^$/.test(line) ? [] : line.split("\t")[0]!));
}

test("commands, their commands and their options are offered", async () => {
  expect(await offered("")).toEqual(expect.arrayContaining(["serve", "source", "models", "token"]));
  expect(await offered("mod")).toEqual(["models"]);
  expect(await offered("source", "")).toEqual(expect.arrayContaining(["add", "approve"]));
  expect(await offered("source", "add", "--")).toEqual(
    expect.arrayContaining(["--mode", "--quota"]),
  );
  // Nothing is opened for it.
  expect(readdirSync(cwd)).not.toContain("home");
});

test("the scripts are ones that the shell can read", async () => {
  const { out, code } = await run("complete", "bash");
  expect(code).toBe(0);
  const bash = Bun.spawn(["bash", "-n"], { stdin: new Blob([out]), stderr: "pipe" });
  expect(await bash.exited).toBe(0);
  expect(out).toContain("selkie");
  expect((await run("complete", "tcsh")).code).not.toBe(0);
});
