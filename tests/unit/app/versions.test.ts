import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../../../app/settings.ts";
import { addDocument } from "../../../db/documents.ts";
import { addPassages, decidePassage, getPassage } from "../../../db/passages.ts";
import { addProbes, listProbes } from "../../../db/probes.ts";
import { addRefit, changeRefit, listRefits, setRefitPassages } from "../../../db/refits.ts";
import { saveScores } from "../../../db/scores.ts";
import { setSetting } from "../../../db/settings.ts";
import { handSource } from "../../../db/sources.ts";
import { changeUpdate, openUpdate } from "../../../db/updates.ts";
import { addVersion, currentVersion, getVersion, pointTo } from "../../../db/versions.ts";
import type { TrainProgress } from "../../../trainer/types.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";

let site: TestSite;

/** Three passages, each learned as a version, whose adapters are files with the right hash. */
function fill({ db, instance }: TestSite): void {
  const { document } = addDocument(db, {
    source: "a",
    format: "text",
    title: "News",
    contentHash: "x",
    sourceId: handSource(db).id,
  });
  const drafts = ["one", "two", "three <b>"].map((name, position) => {
    return { position, title: `Passage ${name}`, text: name, hash: name };
  });
  let parentId: number | null = null;
  for (const { id } of addPassages(db, document.id, drafts).passages) {
    const update = openUpdate(db, id);
    const content = `adapter ${id}`;
    const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    writeFileSync(join(instance.home.adapters, `${sha256}.gguf`), content);
    const version = addVersion(db, {
      updateId: update.id,
      parentId,
      file: `${sha256}.gguf`,
      sha256,
    });
    pointTo(db, version.id);
    const end = { stage: "done", verdict: "commit", finishedAt: Date.now() } as const;
    changeUpdate(db, update.id, { ...end, versionId: version.id });
    decidePassage(db, id, "learned", "It helped.");
    const probe = { kind: "written", prompt: "p", answer: "a", question: `Which ${id}?` } as const;
    addProbes(db, [{ passageId: id, split: "report", ...probe }]);
    parentId = version.id;
  }
}

beforeAll(async () => {
  site = await openSite();
  fill(site);
});
afterAll(() => site.close());

const text = async (path: string) => (await fetch(site.url + path)).text();
const send = (path: string, fields: Record<string, string> = {}) =>
  fetch(site.url + path, {
    method: "POST",
    redirect: "manual",
    headers: { origin: site.url },
    body: new URLSearchParams(fields),
  });
const answered = () => currentVersion(site.db)?.id ?? 0;

describe("the page of versions", () => {
  test("shows the tree, what answers, and the room that adapters take", async () => {
    const page = await text("/versions");
    for (const words of ["Version 3", "answers now", "Passage three &lt;b&gt;", "Sleep now"]) {
      expect(page).toContain(words);
    }
    expect(page).toContain("3 versions; the adapters take");
  });

  test("says beforehand what going back unlearns, and does it", async () => {
    const page = await text("/versions/1");
    expect(page).toContain("Passage two");
    expect(page).toContain("Queue the 2 passages");
    const response = await send("/versions/1", { action: "use", requeue: "1" });
    expect(response.headers.get("location")).toBe("/versions/1");
    expect(answered()).toBe(1);
    expect(getPassage(site.db, 2)!.decision).toBe("new");
    await send("/versions/3", { action: "use" });
    expect(answered()).toBe(3);
    expect(getPassage(site.db, 2)!.decision).toBe("learned");
    await send("/versions/0", { action: "use" });
    expect(answered()).toBe(0);
    expect(await text("/versions")).toContain("answers now");
    await send("/versions/3", { action: "use" });
  });

  test("pins, and refuses what it does not understand", async () => {
    await send("/versions/2", { action: "pin" });
    expect(getVersion(site.db, 2)!.pinned).toBe(true);
    expect(await text("/versions")).toContain("pinned");
    await send("/versions/2", { action: "unpin" });
    expect(getVersion(site.db, 2)!.pinned).toBe(false);
    expect((await send("/versions/2", { action: "eat" })).status).toBe(422);
    for (const path of ["/versions/9", "/versions/x", "/versions/-1", "/refits/9"]) {
      expect((await fetch(site.url + path)).status).toBe(404);
    }
    expect((await send("/versions/9", { action: "use" })).status).toBe(404);
  });

  test("a version whose adapter is damaged cannot be chosen, and the page says so", async () => {
    const { file } = getVersion(site.db, 1)!;
    const path = join(site.instance.home.adapters, file);
    expect(existsSync(path)).toBe(true);
    writeFileSync(path, "something else");
    const response = await send("/versions/1", { action: "use" });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("put its file back");
    expect(answered()).toBe(3);
    expect(await text("/versions")).toContain("damaged");
    writeFileSync(path, "adapter 1");
    await send("/versions/1", { action: "use" });
    expect(answered()).toBe(1);
    await send("/versions/3", { action: "use" });
  });
});

describe("what is fitted anew", () => {
  test("a sleep is asked for once, shown, and stopped", async () => {
    const first = await send("/sleep");
    const again = await send("/sleep");
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    const { id } = listRefits(site.db)[0]!;
    const progress = {
      jobId: 1,
      title: "Sleep",
      stage: "refit",
      detail: "Learning 3 passages from the beginning",
      training: {
        ...{ step: 3, steps: 9, epoch: 1, learningRate: 1e-3 },
        ...{ loss: 1.5, tokensPerSecond: 90, secondsLeft: 30 },
      } satisfies TrainProgress,
    };
    site.show({ phase: "working", jobId: 1, title: "Sleep" }, progress);
    const page = await text(`/refits/${id}`);
    expect(page).toContain("Learning 3 passages from the beginning");
    expect(page).toContain('value="3"');
    expect(await text("/")).toContain("Learning anew");
    site.show({ phase: "idle" });
    await send(`/refits/${id}/stop`);
    expect(listRefits(site.db)[0]!.verdict).toBe("stopped");
    expect(await text(`/refits/${id}`)).toContain("stopped by hand");
  });

  test("a passage and a source can be unlearned from their pages", async () => {
    expect(await text("/passages/2")).toContain("Unlearn this passage");
    expect(await text(`/sources/${handSource(site.db).id}`)).toContain("Unlearn what it brought");
    const response = await send("/unlearn", { passage: "2" });
    const { id, subject } = listRefits(site.db)[0]!;
    expect(response.headers.get("location")).toBe(`/refits/${id}`);
    expect(subject).toBe("the passage “Passage two”");
    await send(`/refits/${id}/stop`);
    await send("/unlearn", { source: String(handSource(site.db).id) });
    expect(listRefits(site.db)[0]!.subject).toContain("the source");
    await send(`/refits/${listRefits(site.db)[0]!.id}/stop`);
    for (const fields of [{}, { passage: "99" }, { source: "x" }]) {
      expect((await send("/unlearn", fields as never)).status).toBe(422);
    }
  });

  test("the proof shows each question under the base, before and after", async () => {
    const { db } = site;
    const [probe] = listProbes(db, 2);
    const refit = addRefit(db, { kind: "unlearn", subject: "the passage “Passage two”" });
    setRefitPassages(db, refit.id, "drop", [{ passageId: 2 }]);
    const score = (logprob: number, exact: boolean) => [
      { probeId: probe!.id, logprob, tokens: 1, exact },
    ];
    saveScores(db, 0, score(-5.25, false));
    saveScores(db, 2, score(-0.125, true));
    saveScores(db, 3, score(-5.5, false));
    changeRefit(db, refit.id, {
      ...{ stage: "done", verdict: "commit", reason: "Done.", finishedAt: Date.now() },
      ...{ fromVersionId: 2, versionId: 3 },
      proof: {
        probes: 1,
        base: { accuracy: 0, logprob: -5.25 },
        before: { accuracy: 1, logprob: -0.125 },
        after: { accuracy: 0, logprob: -5.5 },
      },
    });
    const page = await text(`/refits/${refit.id}`);
    for (const words of ["Which 2?", "−5.25", "−5.50", "−0.13", "took over"]) {
      expect(page).toContain(words);
    }
  });
});

describe("a conversation", () => {
  const ask = async (fields: Record<string, string>) => {
    const answer = await send("/ask", { question: "Which?", ...fields });
    return answer.headers.get("location")!.split("#")[0]!;
  };

  test("stays on the version that it began with until somebody switches", async () => {
    const at = await ask({});
    expect(await text(at)).toContain("From the weights of version 3");
    expect(await text(at)).not.toContain("answers by now");
    await send("/versions/1", { action: "use" });
    expect(await ask({ conversation: at.split("/")[2]! })).toBe(at);
    const page = await text(at);
    expect(page.split("From the weights of version 3")).toHaveLength(3);
    expect(page).toContain("stays with version 3; version 1 answers by now");
    await send(`${at}/version`, { version: "1" });
    await ask({ conversation: at.split("/")[2]! });
    expect(await text(at)).toContain("From the weights of version 1");
    expect((await send(`${at}/version`, { version: "99" })).status).toBe(404);
    expect((await send(`${at}/version`, { version: "x" })).status).toBe(422);
  });

  test("whose version is gone says so, and offers the one that answers", async () => {
    const at = await ask({});
    const conversation = at.split("/")[2]!;
    const path = join(site.instance.home.adapters, getVersion(site.db, 1)!.file);
    const adapter = readFileSync(path);
    rmSync(path);
    expect(await text(at)).toContain("adapter of version 1 is missing or damaged");
    const refused = await send("/ask", { question: "Which?", conversation });
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("Switch this conversation to the untouched base");
    const page = await text(at);
    expect(page).toContain("Go on with the untouched base model");
    await send(`${at}/version`, { version: "0" });
    expect((await send("/ask", { question: "Which?", conversation })).status).toBe(303);
    expect(await text(at)).toContain("From the weights of the untouched base model");
    writeFileSync(path, adapter);
    await send("/versions/1", { action: "use" });
  });
});

describe("two versions", () => {
  test("are compared passage by passage, with how each was last answered on the way", async () => {
    const probe = (passage: number) => listProbes(site.db, passage, "report")[0]!.id;
    const score = (id: number, logprob: number) => [
      { probeId: probe(id), logprob, tokens: 2, exact: logprob > -1 },
    ];
    saveScores(site.db, 0, score(1, -8));
    saveScores(site.db, 1, score(1, -0.5));
    saveScores(site.db, 3, score(3, -0.25));
    const page = await text("/versions/compare?a=1&b=3");
    expect(page).toContain("Version 1 knows 1 passage, version 3 knows 3 passages:");
    expect(page).toContain("0 only the first, 2 only the second, 1 both.");
    const rows = page.split("<tr>").slice(2);
    expect(rows.map((row) => /passages\/(\d)/.exec(row)![1])).toEqual(["3", "2", "1"]);
    expect(rows[0]).toContain("Passage three &lt;b&gt;");
    expect(rows[0]).toContain("not asked");
    expect(rows[0]).toContain("−0.13");
    // Nothing was asked since: what was then still stands.
    expect(rows[2]).toContain("−0.25");
    expect(rows[2]).toContain("(v1)");
    const json = await (await fetch(`${site.url}/api/versions/1/compare/3`)).json();
    expect(json).toMatchObject({
      ...{ a: 1, b: 3, onlyA: 0, onlyB: 2, both: 1, pages: 1 },
      lines: [
        { id: 3, knownToA: false, b: { accuracy: 1, logprob: -0.125 } },
        { id: 2 },
        { id: 1 },
      ],
    });
    const base = await text("/versions/compare?a=0&b=1");
    expect(base).toContain("The untouched base model knows 0 passages");
    expect(base).toContain("+100%");
  });

  test("that are not there are told", async () => {
    for (const query of ["a=1", "a=1&b=99", "a=x&b=1", "a=1&b=3&page=2"]) {
      expect((await fetch(`${site.url}/versions/compare?${query}`)).status).toBe(404);
    }
    expect(await text("/versions")).toContain('action="/versions/compare"');
    await send("/versions/1", { action: "use" });
    expect(await text("/versions/3")).toContain("/versions/compare?a=3&amp;b=1");
    await send("/versions/3", { action: "use" });
  });
});

test("when to sleep and how much room there is are settings", () => {
  const { db } = site;
  const env = { SELKIE_SLEEP_VERSIONS: "7", SELKIE_ADAPTERS_MB: "12.5" };
  setSetting(db, "learner.sleep-days", 3);
  expect(loadSettings(db, env)).toMatchObject({
    sleep: { versions: 7, days: 3 },
    adaptersMb: 12.5,
  });
  expect(() => loadSettings(db, { SELKIE_SLEEP_VERSIONS: "-1" })).toThrow("SELKIE_SLEEP_VERSIONS");
});

test("the command line lists versions, goes to one, and refuses what there is not", async () => {
  const { root } = site.instance.home;
  const cli = (...args: string[]) => runCli(args, { cwd: root, home: root });
  await send("/versions/3", { action: "use" });
  const list = await cli("versions", "list", "--json");
  expect(list.json()).toMatchObject({ currentId: 3, versions: 3, roots: [[{ id: 3 }, {}, {}]] });
  const used = await cli("versions", "use", "1", "--json");
  expect(used.json()).toMatchObject({ version: 1, lost: [{ id: 2 }, { id: 3 }], gained: [] });
  expect(answered()).toBe(1);
  const compared = await cli("versions", "compare", "base", "3");
  expect(compared.out).toContain("Only the untouched base: 0; only version 3: 3; both: 0.");
  const none = await cli("versions", "use", "9");
  expect(none.code).toBe(1);
  expect(none.err).toContain("There is no version “9”");
}, 60_000);
