import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { addArms, addUpdate } from "../../../db/experiment-results.ts";
import { addStep } from "../../../db/experiment-steps.ts";
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
  fillForgetting(db);
}

/** Two passages learned one after another: the first is forgotten in SEAL's way. */
function fillForgetting(db: Database): void {
  const question = {
    ...{ use: "report" as const, wording: "unseen" as const, prompt: "", answers: ["a"] },
    ...{ distractors: [], question: "Which?" },
  };
  const passage = {
    ...{ role: "report" as const, round: 1, title: HOSTILE, text: "text" },
    questions: [question],
  };
  const { id: experimentId } = addExperiment(
    db,
    {
      ...{ kind: "forgetting", key: "three", model: HOSTILE, modelHash: "m", data: "the world" },
      ...{ dataHash: "d", machine: {}, problems: [] },
      config: { arms: ["seal", "full"], sequences: 2, orders: 1, length: 2 },
    },
    [passage, passage],
  );
  const passages = listExperimentPassages(db, experimentId);
  const step = (arm: string, at: number, right: boolean[]) => {
    const key = `${arm} ${at}`;
    const update = {
      ...{ experimentId, key, passageIds: [], editIds: [], seed: 1, learningRate: 1, epochs: 1 },
      ...{ tokens: 1, supervisedTokens: 1, steps: 1, firstLoss: 2, lastLoss: 1, diverged: false },
      seconds: 1,
    };
    const row = {
      ...{ experimentId, arm, sequence: 1, ordering: 1, step: at, reason: "", verdict: "commit" },
      ...{ passageId: passages[at - 1]?.id ?? null, rows: 7, askedRows: 0 },
      seconds: { learn: 1.5, train: 1, sleep: 0 },
      control: { fact: 0.875, reading: 1, writing: null, perplexity: 1.25, kl: 0 },
    };
    const scores = passages.map(({ id }, i) => ({
      ...{ questionId: listQuestions(db, id)[0]!.id, logprob: -1, distractors: null, rank: 0 },
      ...{ exact: right[i]!, generated: null, match: null },
    }));
    addStep(db, row, update, scores);
  };
  step("base", 0, [false, false]);
  step("seal", 1, [true, false]);
  step("seal", 2, [false, true]);
  step("full", 1, [true, false]);
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

  test("one of forgetting has what was kept, what it cost, two charts and its matrices", async () => {
    const html = await (await get("/experiments/3")).text();
    const shown = ["SEAL: merged at each step", "1 of 4 courses", "100.0%", "50.0%", "0.50"];
    for (const text of [...shown, "−1.00", "87.5%", "1.25", "Of 28 rows"]) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain(HOSTILE);
    // Not over yet.
    expect(html).not.toContain("<td>everything</td>");
    for (const [name, label] of [
      ["arms", "SEAL: merged at each step"],
      ["course", "seal"],
    ]) {
      const picture = await get(`/experiments/3/${name}.svg?theme=dark`);
      expect(picture.headers.get("content-type")).toBe("image/svg+xml");
      const svg = await picture.text();
      expect(Bun.XML.parse(svg)).toHaveProperty("svg");
      expect(svg).toContain(label!);
    }
    const data = (await (await get("/experiments/3.json")).json()) as {
      matrices: { arm: string; matrix: number[][] }[];
      rows: { steps: unknown[] }[];
    };
    expect(data.matrices).toMatchObject([
      {
        arm: "seal",
        matrix: [
          [1, 0],
          [0, 1],
        ],
      },
    ]);
    expect(data.rows[0]!.steps).toHaveLength(2);
    expect((await get("/experiments/1/course.svg")).status).toBe(404);
  });

  test("the interface answers what the page's numbers are, whatever the kind", async () => {
    for (const id of [1, 3]) {
      const shown = await (await get(`/experiments/${id}.json`)).json();
      expect(await (await get(`/api/experiments/${id}`)).json()).toEqual(shown);
    }
    const { rows, costs } = (await (await get("/api/experiments/3")).json()) as {
      rows: { arm: string }[];
      costs: unknown[];
    };
    expect(rows.map(({ arm }) => arm)).toEqual(["seal"]);
    expect(costs).not.toBeEmpty();
    expect((await get("/api/experiments/9")).status).toBe(404);
  });

  test("one without figures says so, and none is a page of its own", async () => {
    expect(await (await get("/experiments/2")).text()).toContain("Nothing has been reported yet");
    expect((await get("/experiments/2/arms.svg")).status).toBe(404);
    for (const path of ["/experiments/9", "/experiments/x", "/experiments/9.json"]) {
      expect((await get(path)).status).toBe(404);
    }
  });
});
