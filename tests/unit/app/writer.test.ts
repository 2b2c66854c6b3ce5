import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../../agent/home.ts";
import { loadSettings } from "../../../app/settings.ts";
import { loadTeacher } from "../../../app/teacher.ts";
import { listJobs } from "../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { addPolicy, currentPolicyId, usePolicy } from "../../../db/policies.ts";
import { addRound, addTrial, changeRound } from "../../../db/rounds.ts";
import { setSetting } from "../../../db/settings.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { collectMany } from "../agent/writer/rounds.ts";

/** A round that brought a policy, and another that is being tried. */
function fill(db: Database): void {
  const [first, second] = collectMany(db, 4) as [number, number];
  const round = addRound(db, { policyId: 0, versionId: 0 }, [
    { passageId: first, role: "train", candidateId: 1 },
    { passageId: second, role: "try", candidateId: null },
  ]);
  const edit = { roundId: round.id, passageId: second, ordinal: 0, kind: "rewrite" as const };
  const figures = { gains: {}, trainTokens: 10, seconds: 1 };
  addTrial(db, {
    ...edit,
    writer: "before",
    lines: ["It sank, they say."],
    gain: 0.25,
    ...figures,
  });
  addTrial(db, { ...edit, writer: "after", lines: ["The Shipb sank."], gain: 1.5, ...figures });
  const policy = addPolicy(db, { parentId: 0, roundId: round.id, file: "p.gguf", sha256: "p" });
  usePolicy(db, policy.id);
  changeRound(db, round.id, {
    stage: "done",
    verdict: "adopt",
    reason: "Its edits earned more.",
    newPolicyId: policy.id,
    trial: { passages: 1, before: 0.25, after: 1.5, difference: 1.25, low: 1, high: 2, p: 0.02 },
    finishedAt: Date.now(),
  });
}

describe("the writer's page", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await openSite(fill);
  });
  afterAll(() => site.close());

  const text = async (path: string) => (await fetch(site.url + path)).text();
  const send = (path: string, fields: Record<string, string>, origin = site.url) =>
    fetch(site.url + path, {
      method: "POST",
      redirect: "manual",
      headers: { origin },
      body: new URLSearchParams(fields),
    });

  test("says who writes, what the rounds brought, and what each kind earned", async () => {
    const page = await text("/writer");
    expect(page).toContain("Policy 1 writes now");
    expect(page).toContain("adopted as policy 1");
    expect(page).toContain("+1.50");
    expect(page).toContain("implications");
    expect(page).toContain("0.020");
  });

  test("shows the edits of both writers", async () => {
    const page = await text("/writer/rounds/1");
    for (const words of [
      "It sank, they say.",
      "The Shipb sank.",
      "Its edits earned more.",
      "+0.25",
    ]) {
      expect(page).toContain(words);
    }
    for (const path of ["/writer/rounds/9", "/writer/rounds/x", "/writer/rounds/0"]) {
      expect((await fetch(site.url + path)).status).toBe(404);
    }
  });

  test("has the way back, for its own forms alone", async () => {
    expect((await send("/writer/policy", { policy: "0" }, "https://evil.example")).status).toBe(
      403,
    );
    expect(currentPolicyId(site.db)).toBe(1);
    expect((await send("/writer/policy", { policy: "0" })).status).toBe(303);
    expect(currentPolicyId(site.db)).toBe(0);
    expect(await text("/writer")).toContain("The untouched base writes now");
    expect((await send("/writer/policy", { policy: "1" })).status).toBe(303);
    for (const policy of ["7", "-1", "x", ""]) {
      expect((await send("/writer/policy", { policy })).status).toBe(422);
    }
    expect(currentPolicyId(site.db)).toBe(1);
  });

  test("begins a round once, however often it is asked to", async () => {
    for (let i = 0; i < 2; i++) expect((await send("/writer/rounds", {})).status).toBe(303);
    expect(listJobs(site.db, "queued").map(({ kind }) => kind)).toEqual(["round"]);
  });

  test("of an empty instance says so", async () => {
    const empty = await openSite();
    const page = await (await fetch(`${empty.url}/writer`)).text();
    expect(page).toContain("There has been no round yet");
    await empty.close();
  });
});

describe("the settings of writer and teacher", () => {
  const db = openDatabase(":memory:");
  afterAll(() => closeDatabase(db));

  test("come from the database and the environment", () => {
    setSetting(db, "learner.writer-passages", 9);
    const settings = loadSettings(db, {
      SELKIE_WRITER_ROUNDS: "off",
      SELKIE_EDIT_KINDS: "none, self-qa",
      SELKIE_KIND_CHOICE: "thompson",
    });
    expect(settings).toMatchObject({ editKinds: ["none", "self-qa"], kindChoice: "thompson" });
    expect(settings.writer).toMatchObject({ rounds: false, trainPassages: 9, tryPassages: 12 });
    expect(() => loadSettings(db, { SELKIE_WRITER_TRIALS: "3" })).toThrow("from 5 to");
    expect(() => loadSettings(db, { SELKIE_EDIT_KINDS: "poems" })).toThrow("implications-long");
  });

  test("a teacher has an address and a model, or is a file; its key is read when it is needed", () => {
    expect(loadTeacher(db, {})).toBeUndefined();
    const dir = mkdtempSync(join(tmpdir(), "selkie-key-"));
    writeFileSync(join(dir, "key"), "sk-1\n");
    const env = {
      SELKIE_TEACHER: "http://localhost:11434/v1",
      SELKIE_TEACHER_MODEL: "qwen",
      SELKIE_TEACHER_KEY_FILE: join(dir, "key"),
      SELKIE_TEACHER_TIMEOUT: "2.5",
      SELKIE_TEACHER_WRITES: "edits,probes",
    };
    const teacher = loadTeacher(db, env)!;
    expect(teacher).toMatchObject({ model: "qwen", timeoutMs: 2500, writes: ["edits", "probes"] });
    expect(teacher.key()).toBe("sk-1");
    expect(JSON.stringify(teacher)).not.toContain("sk-1");
    expect(loadTeacher(db, { ...env, SELKIE_TEACHER_KEY: "sk-2" })!.key()).toBe("sk-2");
    rmSync(dir, { recursive: true });
    expect(() => teacher.key()).toThrow("SELKIE_TEACHER_KEY_FILE");
    expect(() => loadTeacher(db, { SELKIE_TEACHER: "http://x" })).toThrow("SELKIE_TEACHER_MODEL");
    expect(() => loadTeacher(db, { ...env, SELKIE_TEACHER: "http://" })).toThrow("http:");
    expect(loadTeacher(db, { SELKIE_TEACHER: "big.gguf" })!.at).toEndWith("/big.gguf");
  });
});

describe("selkie writer", () => {
  const CLI = join(import.meta.dir, "../../../app/cli.ts");
  const home = mkdtempSync(join(tmpdir(), "selkie-writer-cli-"));
  afterAll(() => rmSync(home, { recursive: true }));
  beforeAll(() => {
    const db = openDatabase(openHome(home).database);
    fill(db);
    closeDatabase(db);
  });

  async function selkie(...args: string[]) {
    const child = Bun.spawn([process.execPath, CLI, "writer", ...args], {
      env: { PATH: process.env.PATH!, HOME: home, SELKIE_HOME: home },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { out, err, code: await child.exited };
  }

  test("tells, shows, goes back and imports", async () => {
    const status = await selkie("--json");
    expect(JSON.parse(status.out)).toMatchObject({
      policyId: 1,
      history: [{ id: 1, verdict: "adopt", trained: 1, tried: 1 }],
    });
    expect((await selkie()).out).toContain("writes now   policy 1");
    const shown = await selkie("show", "1");
    expect(shown.out).toContain("after, rewrite, +1.50\n    The Shipb sank.");
    expect(await selkie("show", "2")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no round “2”"),
    });
    expect((await selkie("use", "base")).out).toContain("the untouched base writes");
    expect(await selkie("use", "3")).toMatchObject({ code: 1 });

    const path = join(home, "edits.json");
    const edits = [
      { title: "A", context: "The Varn sank.", completions: ["It sank.", 7] },
      { title: "B" },
    ];
    writeFileSync(path, JSON.stringify(edits));
    const imported = await selkie("import", path, "--json");
    expect(imported.code).toBe(1);
    expect(JSON.parse(imported.out)).toMatchObject({ passages: 1, edits: 1, queued: 1 });
    expect(imported.err).toContain("Left out item 1, completion 2: is not a text.");
    writeFileSync(path, "{ no JSON");
    expect((await selkie("import", path)).err).toContain("are not JSON");
  });
});
