import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { requestSkill } from "../../../agent/skills/request.ts";
import { parseTask } from "../../../agent/skills/task.ts";
import { listJobs } from "../../../db/jobs.ts";
import type { Database } from "../../../db/open.ts";
import { changeSkill, findSkill } from "../../../db/skills.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";
import { writeRandomModel } from "../../support/random-model.ts";
import { scratch } from "../trainer/fixture.ts";

setDefaultTimeout(120_000);

const HOSTILE = `<script>alert("x")</script>`;
const RECIPE = {
  ...{ basic: true, size: false, chain: true, repeat: false },
  ...{ loss: "output", rate: 0.001, epochs: 4 },
};
const pair = (cell: number) => ({ input: [[cell, 0]], output: [[0, cell]] });
const GRIDS = { train: [pair(1), pair(2), pair(3)], test: [pair(4), { input: [[5, 0]] }] };
const TEXTS = ["a", "b", "c"].map((it) => `${it}\n>\n${it.toUpperCase()}\n`).join("\n");

function fill(db: Database): void {
  const { skill } = requestSkill(db, "mirror it", parseTask(GRIDS));
  const trial = { recipe: RECIPE, exact: 0.5, logprob: -0.1, seconds: 1.25, bounded: true };
  changeSkill(db, skill.id, {
    ...{ state: "ready", reason: `Chosen. ${HOSTILE}`, base: { exact: 0, logprob: -3 } },
    trials: [
      { ...trial, exact: 0, recipe: { ...RECIPE, basic: false }, diverged: true },
      { ...trial, diverged: false },
    ],
    ...{ invalid: 1, recipe: RECIPE, file: "a.gguf", sha256: "0", model: "m" },
    answers: [
      [
        { output: "04", votes: 5 },
        { output: "40", votes: 1 },
      ],
      [],
    ],
  });
}

describe("the pages of skills", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await openSite(fill);
  });
  afterAll(() => site.close());
  const get = (path: string) => fetch(site.url + path);
  const post = (path: string, fields: Record<string, string>) =>
    fetch(site.url + path, {
      method: "POST",
      headers: { origin: new URL(site.url).origin },
      body: new URLSearchParams(fields),
      redirect: "manual",
    });

  test("show how recipes competed, and grids as pictures", async () => {
    expect(await (await get("/skills")).text()).toContain('href="/skills/mirror%20it"');
    const html = await (await get("/skills/mirror%20it")).text();
    for (const text of [
      ...["basic, chain · loss on output · rate 0.001 · 4 epochs", "chosen", "diverged", "cut"],
      ...["In context: 0.0%", "1 text of the model&#39;s was", "5 votes, right", "1 vote, wrong"],
      ...["no answer that fits the task", "Grid of 1 × 2: 40", "&lt;script&gt;"],
    ]) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain(HOSTILE);
    expect((await get("/skills/nothing")).status).toBe(404);
  });

  test("take a task, or keep it with what is wrong", async () => {
    const wrong = await post("/skills", { name: "few", task: "a\n>\nA\n\nb" });
    expect(wrong.status).toBe(422);
    const html = await wrong.text();
    expect(html).toContain("The task has one example");
    expect(html).toContain("a\n&gt;\nA");
    expect(findSkill(site.db, "few")).toBeUndefined();

    const right = await post("/skills", { name: "capitals", task: `${TEXTS}\nd` });
    expect(right.headers.get("location")).toBe("/skills/capitals");
    expect(await (await get("/skills/capitals")).text()).toContain("is being learned");
    expect(listJobs(site.db, "queued", 10).map(({ kind }) => kind)).toContain("skill");

    const gone = await post("/skills/capitals/remove", {});
    expect(gone.headers.get("location")).toBe("/skills");
    expect(findSkill(site.db, "capitals")).toBeUndefined();
  });

  test("are told to programs, too", async () => {
    const json = (path: string, method: string, body?: unknown) =>
      fetch(site.url + path, {
        method,
        headers: { "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    const added = await json("/api/skills", "POST", { name: "flip", task: GRIDS });
    expect(added.status).toBe(202);
    expect(await added.json()).toMatchObject({ name: "flip", state: "learning", format: "grid" });
    const again = await json("/api/skills", "POST", { name: "flip", task: TEXTS });
    expect(again.status).toBe(422);
    expect(await again.text()).toContain("nothing to ask");
    const { skills } = (await (await get("/api/skills")).json()) as { skills: object[] };
    expect(skills).toMatchObject([{ name: "flip" }, { name: "mirror it", best: 0.5 }]);
    const early = await json("/api/skills/flip/try", "POST", { input: "12" });
    expect(await early.text()).toContain("still being learned");
    expect((await json("/api/skills/flip", "DELETE")).status).toBe(200);
    expect((await json("/api/skills/flip", "DELETE")).status).toBe(404);
  });
});

describe("selkie skill", () => {
  const files = scratch("skill-command");
  const env = { SELKIE_MODEL: files.file("model.gguf"), SELKIE_BACKEND: "cpu" };
  const skill = (...args: string[]) =>
    runCli(["skill", ...args], { cwd: files.file("."), home: files.file("home"), env });
  beforeAll(() => writeRandomModel(env.SELKIE_MODEL));
  afterAll(() => files.remove());

  test("learns a task, tries it, and forgets it", async () => {
    const task = files.file("task.txt");
    const inputs = ["red", "blue", "pink", "grey"].map((it) => `${it}\n>\nno\n`);
    await Bun.write(task, [...inputs, "teal"].join("\n"));
    const added = await skill("add", "says no", task, "--wait");
    expect(added.err).not.toContain("selkie:");
    expect(added.out).toContain("Skill “says no”: ready, 4 examples");
    const tried = await skill("try", "says no", "e");
    // With random weights there may be no answer that ends; then it says so.
    expect(tried.code === 0 || tried.err.includes("gave no answer")).toBeTrue();
    expect((await skill("remove", "says no")).out).toContain("forgotten");
  });
});
