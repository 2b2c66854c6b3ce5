import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { addArms, addUpdate } from "../../../db/experiment-results.ts";
import {
  addExperiment,
  finishExperiment,
  listExperimentPassages,
  listQuestions,
} from "../../../db/experiments.ts";
import type { Database } from "../../../db/open.ts";
import { openSite, type TestSite } from "../../browser/site.ts";

const HOSTILE = `<script>alert("x")</script>`;
const ARMS = ["none", "passage", "own"] as const;

/** Two passages under three arms, each better than the one before; one that nothing is known of yet. */
function fill(db: Database): void {
  const config = {
    arms: ARMS,
    kinds: ["implications"],
    seeds: [1],
    samples: 1,
    together: 2,
    rounds: 1,
  };
  const base = {
    kind: "knowledge" as const,
    config: { ...config, recipe: { epochs: 10 } },
    model: HOSTILE,
    modelHash: "m",
    data: "a file",
    dataHash: "d",
    machine: {},
    problems: [{ item: 3, problem: `has ${HOSTILE}` }],
  };
  const question = {
    use: "report" as const,
    wording: "gold" as const,
    prompt: "",
    answers: ["a"],
    distractors: [],
  };
  const passage = {
    role: "report" as const,
    round: null,
    title: HOSTILE,
    text: "text",
    questions: ["One?", "Two?"].map((it) => ({ ...question, question: it })),
  };
  const { id: experimentId } = addExperiment(db, { ...base, key: "one" }, [passage, passage]);
  for (const { id: unit } of listExperimentPassages(db, experimentId)) {
    ARMS.forEach((arm, right) => {
      const update = addUpdate(
        db,
        {
          experimentId,
          key: `${unit} ${arm}`,
          passageIds: [unit],
          editIds: [],
          seed: 1,
          learningRate: 0.005,
          epochs: 10,
          tokens: 200,
          supervisedTokens: 100,
          steps: 10,
          firstLoss: 2,
          lastLoss: 1,
          diverged: false,
          seconds: 1,
        },
        listQuestions(db, unit).map(({ id: questionId }, i) => ({
          questionId,
          logprob: right - 3,
          distractors: null,
          rank: 0,
          exact: i < right,
          generated: null,
          match: null,
        })),
      );
      const form = { regime: "single", budget: "epochs", seed: 1, unit, ordinal: 0 } as const;
      const kind = arm === "own" ? "implications" : "";
      addArms(db, [{ experimentId, arm, kind, ...form, updateId: update.id }]);
    });
  }
  finishExperiment(db, experimentId, [
    {
      wording: "gold",
      source: "edits: own",
      questions: 4,
      texts: 9,
      meanRun: 2.5,
      longestRun: 4,
      verbatim: 0,
    },
  ]);
  addExperiment(db, { ...base, key: "two", problems: [] }, [passage]);
}

describe("the pages of experiments", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await openSite(fill);
  });
  afterAll(() => site.close());
  const get = (path: string) => fetch(site.url + path);

  test("the list has them all, and the header leads to it", async () => {
    const html = await (await get("/experiments")).text();
    expect(html).toContain('href="/experiments/1"');
    expect(html).toContain('href="/experiments/2"');
    expect(html).toContain("not finished");
    expect(html).not.toContain(HOSTILE);
    expect(await (await get("/")).text()).toContain('href="/experiments"');
  });

  test("one has its arms, differences, overlaps and what was left out", async () => {
    const html = await (await get("/experiments/1")).text();
    expect(html).toContain("One passage at a time, 10 epochs for all");
    for (const text of ["no update", "0.0%", "50.0%", "100.0%", "+50.0", "edits: own"]) {
      expect(html).toContain(text);
    }
    expect(html).toContain("item 3: has &lt;script&gt;");
    expect(html).not.toContain(HOSTILE);
  });

  test("its chart is a picture in both looks, its numbers are JSON down to the rows", async () => {
    for (const theme of ["light", "dark"]) {
      const picture = await get(`/experiments/1/arms.svg?theme=${theme}`);
      expect(picture.headers.get("content-type")).toBe("image/svg+xml");
      const svg = await picture.text();
      expect(Bun.XML.parse(svg)).toHaveProperty("svg");
      expect(svg).toContain("passage only");
    }
    const data = (await (await get("/experiments/1.json")).json()) as {
      rows: unknown[];
      comparisons: { arm: string; difference: { mean: number } }[];
    };
    expect(data.rows).toHaveLength(6);
    expect(data.comparisons.map(({ arm, difference }) => [arm, difference.mean])).toEqual([
      ["passage", 0.5],
      ["own", 0.5],
    ]);
  });

  test("one without figures says so, and none is a page of its own", async () => {
    expect(await (await get("/experiments/2")).text()).toContain("Nothing has been reported yet");
    expect((await get("/experiments/2/arms.svg")).status).toBe(404);
    for (const path of ["/experiments/9", "/experiments/x", "/experiments/9.json"]) {
      expect((await get(path)).status).toBe(404);
    }
  });
});
