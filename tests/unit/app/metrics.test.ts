import { afterAll, beforeAll, expect, test } from "bun:test";
import { issueToken } from "../../../app/tokens.ts";
import { countJobs } from "../../../db/jobs.ts";
import { countPassages } from "../../../db/passages.ts";
import { currentVersion } from "../../../db/versions.ts";
import { seed } from "../../browser/seed.ts";
import { openSite, type TestSite } from "../../browser/site.ts";

let site: TestSite;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 6 }));
});
afterAll(() => site.close());

/** The samples of a text in Prometheus' format, by name and labels. */
async function scrape(headers = {}) {
  const response = await fetch(`${site.url}/metrics`, { headers });
  const text = await response.text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return {
    response,
    text,
    samples: new Map(
      lines.map((line) => [line.replace(/ \S+$/, ""), Number(line.split(" ").at(-1))]),
    ),
  };
}

test("the figures are those of the database, in Prometheus' format", async () => {
  const { response, text, samples } = await scrape();
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  expect(samples.get("selkie_version")).toBe(currentVersion(site.db)!.id);
  for (const [decision, n] of Object.entries(countPassages(site.db))) {
    expect(samples.get(`selkie_passages{decision="${decision}"}`)).toBe(n);
  }
  for (const [state, n] of Object.entries(countJobs(site.db))) {
    expect(samples.get(`selkie_jobs{state="${state}"}`)).toBe(n);
  }
  expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(1e7);
  for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm))
    expect(text).toContain(`# HELP ${name} `);
  expect([...samples.values()].every(Number.isFinite)).toBe(true);
});

test("they change with it, and need a key that may look", async () => {
  site.show({ phase: "paused", message: "The disk is full." });
  expect((await scrape()).samples.get("selkie_loop_paused")).toBe(1);
  const chat = issueToken(site.db, { name: "chat", scopes: ["chat"] });
  const { response } = await scrape({ authorization: `Bearer ${chat.key}` });
  expect(response.status).toBe(403);
  expect(await fetch(`${site.url}/metrics`).then((it) => it.status)).toBe(200);
});
