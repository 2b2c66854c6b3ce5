import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { loadSettings } from "../../../app/settings.ts";
import { addDocument } from "../../../db/documents.ts";
import { latestFeedback } from "../../../db/feedback.ts";
import { listJobs } from "../../../db/jobs.ts";
import { addPassages, decidePassage, getPassage } from "../../../db/passages.ts";
import { addSource } from "../../../db/sources.ts";
import { seed } from "../../browser/seed.ts";
import { ANSWER, openSite, type TestSite } from "../../browser/site.ts";

let site: TestSite;
let strange: number;
beforeAll(async () => {
  site = await openSite((db) => {
    seed(db, { studied: 3 });
    const { source } = addSource(db, {
      kind: "feed",
      address: "https://n.example/",
      title: "Noise",
    });
    const { document } = addDocument(db, {
      ...{ source: "https://n.example/1", format: "text", title: "Table", contentHash: "t" },
      sourceId: source.id,
    });
    const text = "The town of Lirwold has had a bell since 1933, in the town of Lirwold.";
    strange = addPassages(db, document.id, [{ position: 0, title: "Table", text, hash: "t" }])
      .passages[0]!.id;
    decidePassage(db, strange, "review", "So unlike what was read before.");
  });
});
afterAll(() => site.close());

const get = async (path: string) => (await fetch(site.url + path)).text();
const send = (path: string, fields: Record<string, string>, headers = {}) =>
  fetch(site.url + path, {
    method: "POST",
    redirect: "manual",
    headers: { origin: site.url, ...headers },
    body: new URLSearchParams(fields),
  });

describe("the Learning page", () => {
  test("says what waits, what goes first and why, and what waits for a person", async () => {
    const page = await get("/learning");
    expect(page).toContain("passages wait to be learned");
    expect(page).toContain("in the order in which it came");
    expect(page).toContain("So unlike what was read before.");
    expect(page).toContain("Held back by their sources");
  });

  test("changes the settings, and refuses what cannot be", async () => {
    const saved = await send("/learning", {
      "daily-updates": "5",
      "daily-minutes": "30",
      "quiet-hours": "22-7",
      niceness: "10",
      together: "2",
      "learn-from-use": "off",
      "gate-loss": "0.9",
    });
    expect(saved.headers.get("location")).toBe("/learning?saved=1#settings");
    const { triage, learnFromUse, gate } = loadSettings(site.db, {});
    expect(triage).toMatchObject({ dailyUpdates: 5, dailyMinutes: 30, niceness: 10, together: 2 });
    expect(triage.quietHours).toEqual([{ from: 1320, to: 420 }]);
    expect([learnFromUse, gate.loss]).toEqual([false, 0.05]);
    expect(await get("/learning")).toContain('value="22:00-07:00"');
    const refused = await send("/learning", { "daily-updates": "7", "quiet-hours": "always" });
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain("22:00-07:00");
    expect(loadSettings(site.db, {}).triage.dailyUpdates).toBe(5);
    await send("/learning", { "daily-updates": "", "quiet-hours": "", "learn-from-use": "on" });
    expect(loadSettings(site.db, {}).triage).toMatchObject({ dailyUpdates: 0, quietHours: [] });
  });

  test("pauses and goes on", async () => {
    expect((await send("/learning/pause", {})).status).toBe(422);
    await send("/learning/pause", { pause: "on" });
    expect(await get("/learning")).toContain("Learning is paused");
    await send("/learning/pause", { pause: "off" });
    expect(await get("/learning")).not.toContain("Learning is paused");
  });

  test("takes a person's word on what waits for it", async () => {
    expect((await send("/learning/review", { passage: String(strange) })).status).toBe(422);
    expect(await get(`/passages/${strange}`)).toContain("Learn it");
    await send("/learning/review", { passage: String(strange), answer: "no" });
    expect(getPassage(site.db, strange)!.decision).toBe("skipped");
    const back = { passage: String(strange), answer: "yes", back: String(strange) };
    const answered = await send("/learning/review", back);
    expect(answered.headers.get("location")).toBe(`/passages/${strange}`);
    expect(listJobs(site.db, "queued").map(({ key }) => key)).toContain(`learn:${strange}`);
    const page = await get(`/passages/${strange}`);
    expect(page).toContain("You approved it.");
    expect(page).toContain("It waits to be learned");
  });
});

describe("a question", () => {
  const question = "Since when has Lirwold had a bell?";

  test("is looked up after the weights have answered; the answer can be corrected", async () => {
    const asked = await send("/ask", { question });
    const page = await get(asked.headers.get("location")!);
    // The model of these tests says the same with the passage open, which is what the passage says.
    expect(page).toContain("A passage says the same");
    expect(page).toContain("This is wrong");
    const answer = /name="answer" value="(\d+)"/.exec(page)![1]!;
    const fragment = await send(
      "/ask/correct",
      { answer, right: "1933" },
      { "hx-request": "true" },
    );
    const told = await fragment.text();
    expect(told).toContain("“Table” answers it");
    expect(told).not.toContain("<html");
    expect(await get(asked.headers.get("location")!)).toContain("Corrected: “1933”");
    expect(latestFeedback(site.db, 1)).toMatchObject([
      { kind: "correction", answer: "1933", given: ANSWER, passageId: strange, via: "page" },
    ]);
    const passage = await get(`/passages/${strange}`);
    expect(passage).toContain("corrected by you");
    expect(passage).toContain("corrected once");
    expect(await get("/learning")).toContain(question);
  });

  test("corrections that say nothing, or too much, are refused", async () => {
    expect((await send("/ask/correct", { answer: "999", right: "x" })).status).toBe(404);
    const long = { answer: "1", right: "x".repeat(501) };
    expect((await send("/ask/correct", long)).status).toBe(422);
    expect(latestFeedback(site.db, 5)).toHaveLength(1);
  });
});
