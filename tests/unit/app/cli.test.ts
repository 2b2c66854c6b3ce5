import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../../agent/home.ts";
import { newOwner } from "../../../agent/jobs/owner.ts";
import { LOOP_LEASE } from "../../../agent/loop.ts";
import { claimJob, countJobs, enqueueJob, finishJob } from "../../../db/jobs.ts";
import { setLeaseProblem, takeLease } from "../../../db/leases.ts";
import { closeDatabase, openDatabase } from "../../../db/open.ts";
import { decidePassage, listPassages } from "../../../db/passages.ts";

const CLI = join(import.meta.dir, "../../../app/cli.ts");

let dir: string;
let home: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "selkie-cli-"));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  home = mkdtempSync(join(dir, "home-"));
});

function start(args: string[], env: Record<string, string> = {}) {
  const clean = { PATH: process.env.PATH!, HOME: dir, SELKIE_HOME: home, NO_PROXY: "127.0.0.1" };
  return Bun.spawn([process.execPath, CLI, ...args], {
    cwd: dir,
    env: { ...clean, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function selkie(args: string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code, json: () => JSON.parse(out) };
}

const put = (name: string, text: string) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

/** The test's own look into the instance, as another process. */
function peek<T>(work: (db: ReturnType<typeof openDatabase>) => T): T {
  const db = openDatabase(openHome(home).database);
  try {
    return work(db);
  } finally {
    closeDatabase(db);
  }
}

describe("ingest", () => {
  test("records what can be read, tells what cannot, and says so by its exit code", async () => {
    const good = put("good.txt", "Something to learn.");
    put("empty.txt", "");
    truncateSync(put("big.txt", "x"), 50 * 1024 * 1024);
    const result = await selkie([
      "ingest",
      "good.txt",
      "empty.txt",
      "big.txt",
      "gone.txt",
      "ftp://x/",
    ]);
    expect(result.code).toBe(1);
    expect(result.out).toContain("Recorded good.txt (job 1).");
    expect(result.err.trim().split("\n")).toEqual([
      `selkie: ${dir}/empty.txt is empty: there is nothing in it to learn.`,
      `selkie: ${dir}/big.txt has 50 MB, but one document may have at most 20 MB: split it, or raise SELKIE_MAX_DOCUMENT_MB.`,
      `selkie: ${dir}/gone.txt does not exist: check the spelling, or give an address with http:// or https://.`,
      "selkie: ftp://x/ is not an address that can be read: give one that begins with http:// or https://.",
    ]);
    const again = await selkie(["ingest", good, "--json"]);
    expect(again.code).toBe(0);
    expect(again.json()).toEqual({
      recorded: [{ source: good, jobId: 1, added: false }],
      failures: [],
    });
  });

  test("--wait reads all, and tells each failure once", async () => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => Response.redirect(`${url}x`.slice(0, 60)),
    });
    const folder = join(dir, "folder");
    mkdirSync(folder, { recursive: true });
    put("folder/a.txt", "\u0000 binary");
    put("folder/b.bin", "x");
    const result = await selkie(["ingest", "--wait", "--json", "folder", server.url.href], {
      SELKIE_PRIVATE_HOSTS: "127.0.0.1",
    });
    await server.stop(true);
    expect(result.code).toBe(1);
    const { sources, failures, unfinished } = result.json();
    expect(unfinished).toBe(0);
    expect(failures).toEqual([
      expect.stringContaining("redirects"),
      `${folder}/a.txt holds binary data: give a text, Markdown, HTML, PDF, EPUB or DOCX file.`,
    ]);
    expect(sources.map((source: { state: string }) => source.state)).toEqual([
      "done",
      "failed",
      "failed",
    ]);
    expect(peek(countJobs)).toEqual({ queued: 0, running: 0, done: 1, failed: 2 });
  });

  test("--wait with a model that is not there ends, and what is recorded stays", async () => {
    put("good.txt", "Something to learn.");
    const result = await selkie(["ingest", "--wait", "good.txt"], {
      SELKIE_MODEL: "/no/model.gguf",
    });
    expect(result.code).toBe(1);
    expect(result.err).toContain("selkie: The model /no/model.gguf cannot be opened");
    expect(peek(countJobs)).toEqual({ queued: 1, running: 0, done: 1, failed: 0 });
  });

  test("--wait waits for the process that learns, and returns when it is through", async () => {
    put("good.txt", "Something to learn.");
    const other = newOwner();
    peek((db) => takeLease(db, LOOP_LEASE, other, 60_000));
    const child = start(["ingest", "--wait", "good.txt"]);
    let jobs = 0;
    while (jobs === 0) {
      await Bun.sleep(20);
      jobs = peek((db) => countJobs(db).queued);
    }
    expect(child.exitCode).toBeNull();
    peek((db) =>
      finishJob(db, claimJob(db, other)!, {
        message: "good.txt brought 1 new passage.",
        documentIds: [],
        passageIds: [],
        added: 0,
      }),
    );
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stdout).text()).toContain("brought 1 new passage");
  });

  test("--wait does not wait for a process that cannot go on", async () => {
    put("good.txt", "Something to learn.");
    const other = newOwner();
    peek((db) => {
      takeLease(db, LOOP_LEASE, other, 60_000);
      setLeaseProblem(db, LOOP_LEASE, other, "The model x.gguf is cut short.");
    });
    const result = await selkie(["ingest", "--wait", "good.txt"]);
    expect(result.code).toBe(1);
    expect(result.err).toContain("selkie: The model x.gguf is cut short.");
  });

  test("what is known already takes no model, and is told", async () => {
    const path = put("known.txt", "Known words.");
    await selkie(["ingest", "--wait", path], { SELKIE_MODEL: "/no/model.gguf" });
    peek((db) => {
      decidePassage(db, listPassages(db)[0]!.id, "known", "All probes were answered.");
      finishJob(db, claimJob(db, "me")!);
    });
    const again = await selkie(["ingest", "--wait", path]);
    expect(again.code).toBe(0);
    expect(again.out).toBe(
      `${path} brought nothing new: its text is here already, as document 1.\nknown     known: All probes were answered.\n`,
    );
  });

  test("Ctrl-C ends the wait, and the rest stays recorded", async () => {
    put("good.txt", "Something to learn.");
    peek((db) => takeLease(db, LOOP_LEASE, newOwner(), 60_000));
    const child = start(["ingest", "--wait", "good.txt"]);
    while (peek((db) => countJobs(db).queued) === 0) await Bun.sleep(20);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await new Response(child.stderr).text()).toContain("1 of it still to do");
    expect(peek(countJobs).queued).toBe(1);
  });
});

describe("status", () => {
  test("tells what there is, in words and as JSON", async () => {
    peek((db) => enqueueJob(db, { kind: "read", payload: { source: "/a" }, key: "read:/a" }));
    const words = await selkie(["status"]);
    expect(words.code).toBe(0);
    expect(words.out).toContain(`data       ${home}`);
    expect(words.out).toContain("jobs       1 queued");
    const { jobs, loop, passages } = (await selkie(["status", "--json"])).json();
    expect(jobs.queued).toBe(1);
    expect(loop).toEqual({ running: false });
    expect(passages).toEqual({
      new: 0,
      known: 0,
      learned: 0,
      rejected: 0,
      failed: 0,
      superseded: 0,
      review: 0,
      skipped: 0,
      unlearned: 0,
    });
  });
});

describe("errors", () => {
  test("a wrong setting, a data directory that cannot be, a damaged database", async () => {
    const port = await selkie(["status", "--json"], { SELKIE_PORT: "x" });
    expect(port.code).toBe(1);
    expect(port.json().error).toEqual({
      code: "config",
      message: "SELKIE_PORT is “x”, but it must be a whole number from 0 to 65535.",
    });
    const file = put("file", "x");
    const place = await selkie(["status"], { SELKIE_HOME: join(file, "home") });
    expect(place.code).toBe(1);
    expect(place.err).toMatch(/^selkie: The data directory .*file\/home cannot be made/);
    writeFileSync(join(home, "selkie.db"), "no database, but long enough for one".repeat(50));
    const damaged = await selkie(["status"]);
    expect(damaged.code).toBe(1);
    expect(damaged.err).toContain("is damaged or not a database");
  });

  test("an unknown command, an unknown option, and none", async () => {
    const unknown = await selkie(["lern"]);
    expect([unknown.code, unknown.err]).toEqual([
      1,
      expect.stringContaining("unknown command 'lern'"),
    ]);
    expect((await selkie(["status", "--yaml"])).code).toBe(1);
    expect((await selkie(["ingest"])).code).toBe(1);
    expect((await selkie(["--version"])).out.trim()).toMatch(/^\d+\.\d+\.\d+/);
  });
});

test("selkie serve can be begun in any folder, and its pages are there", async () => {
  const child = start(["serve", "--port", "0"]);
  let said = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("Ctrl-C")) break;
  }
  const [url = ""] = /http:\/\/\S+/.exec(said) ?? [];
  expect(await (await fetch(`${url}learning`)).text()).toContain("Nothing waits to be learned.");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(143);
});
