import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExperimentConfig, quickRecipe } from "../../agent/experiment/config.ts";
import type { ExperimentData } from "../../agent/experiment/data.ts";
import { type ExperimentRequest, runExperiment } from "../../agent/experiment/index.ts";
import { passageRows, reportExperiment } from "../../agent/experiment/report.ts";
import { DEFAULT_WRITER } from "../../agent/writer/settings.ts";
import { findTeacher } from "../../app/experiment/teachers.ts";
import { worldData } from "../../app/experiment/world.ts";
import { allEdits, countUpdates } from "../../db/experiment-results.ts";
import { runCli } from "../support/cli.ts";
import { missing, openLearner } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(180_000);

/** Short training: what is tested is that the parts fit. */
const CONFIG: ExperimentConfig = {
  arms: ["none", "passage", "own", "random", "best", "teacher", "seal"],
  kinds: ["implications"],
  regimes: ["single"],
  budgets: ["epochs", "tokens"],
  seeds: [1],
  passages: 2,
  sets: 1,
  together: 2,
  tune: 0,
  rounds: 1,
  writePassages: 2,
  edits: 2,
  samples: 1,
  lists: 1,
  reward: "gold",
  answers: false,
  end: true,
  recipe: { ...quickRecipe(4), epochs: 3, rates: [5e-3] },
  writer: DEFAULT_WRITER,
};

describe.skipIf(missing !== undefined)("an experiment with the embedded model", () => {
  const learner = openLearner();
  const { db, home, context } = learner;
  afterAll(learner.close);

  const request = async (
    change: Partial<ExperimentConfig> = {},
    more: Partial<ExperimentRequest> = {},
  ): Promise<ExperimentRequest> => {
    const teacher = await findTeacher(db, { teacher: "rules" });
    return {
      db,
      home,
      kind: "knowledge",
      config: { ...CONFIG, teacher: "rules", ...change },
      data: worldData(61, 8, false),
      model: { name: "pup", hash: "test" },
      machine: {},
      trainer: context.trainer,
      generator: context.generator,
      teach: teacher!.teach,
      signal: context.signal,
      ...more,
    };
  };

  test("compares every arm, one passage at a time and several at once", async () => {
    const lines: number[] = [];
    const done = await runExperiment(
      await request(
        { regimes: ["single", "together"] },
        { onProgress: ({ done, total }) => lines.push(done / total) },
      ),
    );
    expect(done.finishedAt).not.toBeNull();
    expect(lines.at(-1)).toBe(1);
    const report = (await reportExperiment(db, done.id))!;
    const forms = report.arms.filter(({ wording }) => wording === "unseen");
    expect(forms.map(({ regime, budget, arm }) => `${regime} ${budget} ${arm}`)).toEqual(
      ["single epochs", "single tokens", "together epochs", "together tokens"].flatMap((form) =>
        CONFIG.arms.map((arm) => `${form} ${arm}`),
      ),
    );
    for (const { passages } of forms) expect(passages).toBe(2);
    const arm = (name: string, budget = "epochs") =>
      forms.find((it) => it.regime === "single" && it.budget === budget && it.arm === name)!;
    // Nothing is known of what the model has never met; learning makes answers likelier.
    expect(arm("none").epochs).toBe(0);
    expect(arm("passage").logprob.mean).toBeGreaterThan(arm("none").logprob.mean);
    expect(arm("own").supervisedTokens).toBeGreaterThan(arm("passage").supervisedTokens);
    // Equal tokens: within half an epoch of the longest rows.
    const [passage, own] = [arm("passage", "tokens"), arm("own", "tokens")];
    expect(Math.abs(passage.supervisedTokens / own.supervisedTokens - 1)).toBeLessThan(0.35);
    expect(passage.epochs).toBeGreaterThan(own.epochs);
    // The best is one of the own edits, by their reward.
    const [selection] = report.selection;
    expect(selection!.edits).toBe(4);
    const reward = selection!.figures.find(({ questions }) => questions === "reward")!;
    expect(reward.survives).toBeCloseTo(reward.lead.mean === 0 ? 0 : 1, 9);
    expect(report.rounds.map(({ seed, round }) => [seed, round])).toEqual([[1, 1]]);
    expect(done.audit!.map(({ source }) => source)).toContain("edits: seal-1");
    // Report questions in unseen wordings stand in no text, and every figure is a row.
    for (const { wording, verbatim, source } of done.audit!) {
      if (wording === "unseen" && source !== "passages") expect(verbatim).toBe(0);
    }
    const rows = passageRows(db, done.id).filter(
      (row) => row.arm === "own" && row.regime === "single" && row.budget === "epochs",
    );
    expect(rows.filter((it) => it.wording === "unseen" && it.ordinal === 0)).toHaveLength(2);
    // Candidates are forgotten: of adapters, only the writer's is kept.
    expect(readdirSync(join(home.adapters, "experiments"))).toEqual([]);
    expect(existsSync(join(home.adapters, report.rounds[0]!.file))).toBe(true);
  });

  test("searches the same settings for every arm, on passages of their own", async () => {
    const rates = [1e-4, 5e-3];
    const done = await runExperiment(
      await request({
        arms: ["none", "passage", "own"],
        tune: 2,
        recipe: { ...CONFIG.recipe, rates },
      }),
    );
    const { searches, arms } = (await reportExperiment(db, done.id))!;
    expect(searches.map(({ budget, arm }) => `${budget} ${arm}`)).toEqual([
      "epochs passage",
      "epochs own",
      "tokens passage",
      "tokens own",
    ]);
    for (const { tried, learningRate, arm, budget } of searches) {
      expect(tried.map((it) => it.learningRate)).toEqual(rates);
      expect(tried.map((it) => it.updateIds.length)).toEqual([2, 2]);
      const best = tried.reduce((top, it) => (it.score > top.score ? it : top));
      expect(learningRate).toBe(best.learningRate);
      for (const line of arms) {
        if (line.arm === arm && line.budget === budget)
          expect(line.learningRate).toBe(learningRate);
      }
    }
  });

  test("goes on where it was stopped, with the same figures as without", async () => {
    const config: Partial<ExperimentConfig> = {
      arms: ["none", "passage", "own", "best", "seal"],
      samples: 2,
    };
    const whole = await runExperiment(await request(config));
    const other = openLearner();
    try {
      let learned = 0;
      const stop = new AbortController();
      const own = { db: other.db, home: other.home };
      const first = runExperiment(
        await request(config, {
          ...own,
          signal: stop.signal,
          onProgress: ({ done }) => {
            learned = done;
            if (done >= 6) stop.abort(new Error("stopped"));
          },
        }),
      );
      await expect(first).rejects.toThrow();
      expect(learned).toBeGreaterThan(0);
      const before = countUpdates(other.db, 1);
      expect(before).toBeGreaterThan(0);
      const rest = await runExperiment(await request(config, own));
      expect(rest.id).toBe(1);
      expect(countUpdates(other.db, 1)).toBe(countUpdates(db, whole.id));
      const figures = async (at: typeof db, id: number) =>
        (await reportExperiment(at, id))!.arms.map(({ arm, budget, wording, exact, logprob }) => [
          [arm, budget, wording].join(" "),
          exact,
          logprob,
        ]);
      expect(await figures(other.db, 1)).toEqual(await figures(db, whole.id));
      // Asked again, it has nothing to do: no model is started.
      const again = await runExperiment(
        await request(config, {
          ...own,
          trainer: () => Promise.reject(new Error("a model was started")),
          generator: () => Promise.reject(new Error("a model was started")),
        }),
      );
      expect(again.finishedAt).toBe(rest.finishedAt);
    } finally {
      await other.close();
    }
  });

  test("a time limit ends it with what there is", async () => {
    const config = { arms: ["none", "passage"] as ExperimentConfig["arms"], seeds: [7] };
    const part = await runExperiment(await request(config, { limitMs: 0 }));
    expect(part.finishedAt).toBeNull();
    expect((await reportExperiment(db, part.id))!.passages.reported).toBe(0);
    const whole = await runExperiment(await request(config));
    expect(whole.id).toBe(part.id);
    expect(whole.finishedAt).not.toBeNull();
  });

  test("items that cannot be used are told and counted: too long for the model, and too few left", async () => {
    const data = worldData(62, 3, false);
    const long: ExperimentData = {
      ...data,
      hash: "long",
      items: data.items.map((item, i) =>
        i === 1 ? { ...item, context: `${item.context} `.repeat(60) } : item,
      ),
    };
    const config = { arms: ["none", "passage"] as ExperimentConfig["arms"] };
    const done = await runExperiment(await request({ ...config, passages: 2 }, { data: long }));
    expect(done.problems).toHaveLength(1);
    expect(done.problems[0]!.item).toBe(2);
    expect(done.problems[0]!.problem).toContain("there is no room to write about it");
    expect((await reportExperiment(db, done.id))!.passages.reported).toBe(2);
    await expect(
      request({ ...config, passages: 3 }, { data: { ...long, hash: "few" } }).then(runExperiment),
    ).rejects.toThrow("2 usable passages, and 3 are needed");
  });

  describe("a teacher", () => {
    const replies: Record<string, () => Response | Promise<Response>> = {
      html: () => new Response("<html><body>Welcome!</body></html>"),
      nothing: () => Response.json({ choices: [{ message: { content: "" } }] }),
      nonsense: () =>
        Response.json({ choices: [{ message: { content: "Zorblax! Quux 9999.\n\n???" } }] }),
      broken: () => new Response("Internal error", { status: 500 }),
      never: async () => {
        await Bun.sleep(20_000);
        return new Response("");
      },
    };

    test.each(Object.keys(replies))(
      "that answers with %s is told for every passage, and the others are compared",
      async (what) => {
        const server = Bun.serve({ port: 0, fetch: () => replies[what]!() });
        const saved = { ...process.env };
        Object.assign(process.env, { SELKIE_TEACHER_TIMEOUT: "0.2", SELKIE_TEACHER_RETRIES: "0" });
        try {
          const at = `http://localhost:${server.port}/v1`;
          const teacher = await findTeacher(db, { teacher: at, model: what });
          const done = await runExperiment(
            await request(
              { arms: ["none", "passage", "teacher"], budgets: ["epochs"], teacher: what },
              { teach: teacher!.teach },
            ),
          );
          expect(done.finishedAt).not.toBeNull();
          expect(done.problems).toHaveLength(2);
          for (const { item, problem } of done.problems) {
            expect(item).toBeGreaterThan(0);
            expect(problem).toStartWith("has no teacher's edit (implications): ");
          }
          const { arms } = (await reportExperiment(db, done.id))!;
          expect(new Set(arms.map(({ arm }) => arm))).toEqual(new Set(["none", "passage"]));
        } finally {
          process.env = saved;
          await server.stop(true);
        }
      },
    );

    test("that was away is asked again by the same command", async () => {
      const config = { arms: ["none", "teacher"] as ExperimentConfig["arms"], seeds: [3] };
      let away = true;
      const rules = (await findTeacher(db, { teacher: "rules" }))!.teach;
      const teach: typeof rules = async (passage, kind, options) => {
        if (!away) return rules(passage, kind, options);
        options.onProblem("it is away.");
        return undefined;
      };
      const first = await runExperiment(await request(config, { teach }));
      expect(first.problems.map(({ problem }) => problem)).toContain(
        "has no teacher's edit (implications): it is away",
      );
      expect(allEdits(db, first.id).filter(({ writer }) => writer === "teacher")).toEqual([]);
      away = false;
      const second = await runExperiment(await request(config, { teach }));
      expect(second.id).toBe(first.id);
      expect((await reportExperiment(db, second.id))!.arms.map(({ arm }) => arm)).toContain(
        "teacher",
      );
    });
  });
});

describe.skipIf(missing !== undefined)("selkie experiment", () => {
  const cwd = mkdtempSync(join(tmpdir(), "selkie-experiment-"));
  const options = { cwd, home: join(cwd, "home") };
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  test("runs, writes its files, lists and shows", async () => {
    const command =
      "experiment knowledge --world-seed 4 --arms none,passage,own --passages 2 --tune 0 --rates 5e-3 --epochs 2 --samples 1 --edits 1 --budgets epochs --out out.json --json";
    const ran = await runCli(command.split(" "), options);
    expect(ran.err).not.toContain("selkie:");
    expect(ran.code).toBe(0);
    expect(ran.json().arms).toHaveLength(6);
    const written = JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"));
    expect(written.rows).toHaveLength(12);
    expect(written.experiment.machine.cores).toBeGreaterThan(0);
    expect(readFileSync(join(cwd, "out.svg"), "utf8")).toStartWith("<svg");
    const sources = written.experiment.audit.map((it: { source: string }) => it.source);
    expect(sources).toContain("pre-training");
    const listed = await runCli(["experiment", "list"], options);
    expect(listed.out).toContain("invented world, seed 4");
    const shown = await runCli(["experiment", "show"], options);
    expect(shown.out).toContain("passage + own edit − passage only");
    expect(shown.out).toContain("pre-training");
  });

  test("says in a sentence what cannot be", async () => {
    const cases: [string, string][] = [
      ["experiment show 99", "There is no experiment 99"],
      ["experiment knowledge --arms best,most", "--arms is “best,most”"],
      ["experiment knowledge --rates 0,1", "--rates is “0”"],
      ["experiment knowledge --tune 0", "--tune is 0"],
      ["experiment knowledge --world-seed 1 some.json", "not both"],
      ["experiment knowledge none.json", "cannot be read"],
    ];
    for (const [command, sentence] of cases) {
      const { err, code } = await runCli(command.split(" "), options);
      expect(err).toContain(sentence);
      expect(code).toBe(1);
    }
  });
});
