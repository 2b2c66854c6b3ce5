import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { addDocument } from "../../../db/documents.ts";
import { saveGate } from "../../../db/gates.ts";
import { listJobs } from "../../../db/jobs.ts";
import { saveBeliefs, saveMeasurement } from "../../../db/measurements.ts";
import type { Database } from "../../../db/open.ts";
import { addPassages } from "../../../db/passages.ts";
import { addProbes, listProbes, supersedeProbe } from "../../../db/probes.ts";
import type { MemoryFigures } from "../../../db/schema.ts";
import { openUpdate } from "../../../db/updates.ts";
import { openSite, type TestSite } from "../../browser/site.ts";

const estimate = (mean: number) => ({ mean, low: mean - 0.1, high: mean + 0.1 });

const FIGURES: MemoryFigures = {
  population: 400,
  asked: 100,
  passages: { learned: 7, known: 2, rejected: 1 },
  acc: estimate(0.81),
  bwt: estimate(-0.13),
  forgetting: estimate(0.17),
  all: estimate(0.71),
  netGain: estimate(0.61),
  fwt: 0.03,
  logprob: { acc: null, bwt: null, netGain: null },
  ages: [{ from: 1, to: 3, probes: 55, kept: estimate(0.85) }],
  halfLife: { mean: 12, low: 8, high: 20 },
  control: {
    perplexity: 1.042,
    kl: 0.0123,
    fact: estimate(0.94),
    reading: estimate(0.88),
    writing: null,
  },
  beliefs: { mean: 9, low: 4, high: 15 },
};

/** Two measurements, a refused update, a wrong belief and an answer that is out of date. */
function fill(db: Database): void {
  const { document } = addDocument(db, {
    source: "demo:x",
    format: "text",
    title: "News",
    contentHash: "x",
  });
  const drafts = ["a", "b"].map((name, position) => ({
    position,
    title: `Passage ${name}`,
    text: `Text ${name}`,
    hash: name,
  }));
  const [a, b] = addPassages(db, document.id, drafts).passages;
  const update = openUpdate(db, a!.id);
  saveGate(db, {
    updateId: update.id,
    candidateId: 1,
    scale: 0.5,
    verdict: "reject",
    reason: "too much is <lost>",
    figures: {
      gain: 1,
      exactGain: 1,
      old: { population: 9, draws: 64, asked: 9, loss: 0.37, sinceParent: 0.2, harm: 99, safe: 0 },
      control: null,
      budgets: { loss: 0.05, control: 0.05, perplexity: 1.05 },
    },
  });
  for (const versionId of [1, 2]) {
    saveMeasurement(db, { versionId, kind: "sample", figures: FIGURES, forward: 0.03, seconds: 1 });
  }
  const probe = { kind: "written" as const, split: "report" as const, prompt: "?" };
  addProbes(db, [{ ...probe, passageId: a!.id, question: "Who leads it?", answer: "Ilsa Varn" }]);
  const [old] = listProbes(db, a!.id);
  supersedeProbe(db, old!.id, { passageId: b!.id, at: Date.now(), answer: "Toab Kolm" });
  saveBeliefs(db, 2, [
    {
      versionId: 2,
      probeId: old!.id,
      controlId: null,
      question: "Where is it?",
      answer: "Kolm",
      said: "Varnel <b>",
      probability: 0.93,
      before: 0.01,
    },
  ]);
}

describe("the page about the memory", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await openSite(fill);
  });
  afterAll(() => site.close());
  const get = (path: string) => fetch(site.url + path);

  test("defines each measure where it is shown, with its interval", async () => {
    const page = await (await get("/memory")).text();
    for (const shown of ["81%", "71% to 91%", "−13%", "BWT", "100", "400", "12 updates"]) {
      expect(page).toContain(shown);
    }
    expect(page).toContain("later learning has cost something");
    expect(page).toContain("1.04");
    expect(page).toContain("0.012");
  });

  test("shows the gate, what is believed wrongly, and what is out of date", async () => {
    const page = await (await get("/memory")).text();
    expect(page).toContain("refused");
    expect(page).toContain("37%");
    expect(page).toContain("too much is &lt;lost&gt;");
    expect(page).toContain("Varnel &lt;b&gt;");
    expect(page).toContain("Toab Kolm");
    expect(page).not.toContain("Varnel <b>");
  });

  test("draws the measures over the versions", async () => {
    const picture = await get("/memory/history.svg?theme=dark");
    expect(picture.headers.get("content-type")).toContain("svg");
    expect(await picture.text()).toContain("accuracy");
  });

  test("asks everything when somebody wants it, once", async () => {
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(`${site.url}/memory/sweep`, {
        method: "POST",
        redirect: "manual",
        headers: { origin: site.url },
      });
      expect(answer.status).toBe(303);
    }
    expect(listJobs(site.db, "queued").map(({ kind }) => kind)).toEqual(["measure"]);
  });
});

test("before anything was learned, it says so", async () => {
  const site = await openSite(() => {});
  try {
    expect(await (await fetch(`${site.url}/memory`)).text()).toContain("Nothing has been learned");
  } finally {
    await site.close();
  }
});
