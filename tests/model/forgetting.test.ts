import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ForgettingConfig } from "../../agent/experiment/forgetting/config.ts";
import { type ForgettingRequest, runForgetting } from "../../agent/experiment/forgetting/index.ts";
import { SealStudent } from "../../agent/experiment/forgetting/plain-student.ts";
import { courseRows, reportForgetting } from "../../agent/experiment/forgetting/report.ts";
import type { Lesson } from "../../agent/experiment/forgetting/student.ts";
import { TrainLog } from "../../agent/experiment/forgetting/train-log.ts";
import { describeModel } from "../../agent/model.ts";
import { DEFAULT_SETTINGS } from "../../agent/settings.ts";
import { worldControl } from "../../app/control.ts";
import { worldData } from "../../app/experiment/world.ts";
import { forgetCourse } from "../../db/experiment-steps.ts";
import { listExperiments } from "../../db/experiments.ts";
import { Trainer } from "../../trainer/index.ts";
import { runCli } from "../support/cli.ts";
import { MODEL, missing, news, openLearner } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(180_000);

/** Short training, and little that is rehearsed and watched: what is tested is that the parts fit. */
const { rehearsal, gate, maxReplayRows, replayShare, lora, train } = DEFAULT_SETTINGS;
const CONFIG: ForgettingConfig = {
  arms: ["seal", "full", "replay-all", "joint"],
  sequences: 1,
  orders: 1,
  length: 2,
  seed: 5,
  kind: "self-qa",
  candidates: 1,
  lists: 1,
  every: 1,
  end: true,
  learner: {
    ...{ replayShare, maxReplayRows, gate, lora, sleepEvery: 4, measureProbes: 8 },
    control: { items: 4 },
    rehearsal: { ...rehearsal, texts: 8, questions: 16 },
    train: { ...train, epochs: 2 },
  },
};

describe.skipIf(missing !== undefined)("forgetting, with the embedded model", () => {
  const learner = openLearner();
  const { db, home, context } = learner;
  afterAll(learner.close);

  const request = (
    change: Partial<ForgettingConfig> = {},
    more: Partial<ForgettingRequest> = {},
  ): ForgettingRequest => ({
    ...{ db, home, config: { ...CONFIG, ...change }, machine: {}, signal: context.signal },
    data: { name: "test", sequence: (number) => worldData(70 + number, 2, false) },
    model: { ...describeModel(MODEL, true), hash: "test" },
    trainer: context.trainer,
    startTrainer: (model) => Trainer.start({ model, threads: 1 }),
    generator: context.generator,
    controlMaterial: async () => worldControl(),
    ...more,
  });
  /** All that an experiment found, but for how long it took. */
  const found = (at: typeof db, id: number) =>
    courseRows(at, id).map(({ steps, ...row }) => ({
      ...row,
      steps: steps.map(({ updateId: _, seconds: __, ...step }) => step),
    }));

  test("every arm learns the same passages; stopped, it goes on with the same figures", async () => {
    const lines: number[] = [];
    const whole = await runForgetting(
      request({}, { onProgress: ({ done, total }) => lines.push(done / total) }),
    );
    expect(whole.finishedAt).not.toBeNull();
    expect(lines.at(-1)).toBe(1);
    const report = (await reportForgetting(db, whole.id))!;
    expect(report.courses).toEqual({ over: 4, planned: 4 });
    expect(report.arms.map(({ arm, wording }) => `${arm} ${wording}`)).toEqual(
      ["unseen", "seen"].flatMap((wording) => CONFIG.arms.map((arm) => `${arm} ${wording}`)),
    );
    expect(report.audit.rows).toBeGreaterThan(0);
    expect(report.audit.asked).toBe(0);
    expect(report.base!.perplexity).toBeCloseTo(1, 5);
    expect(report.base!.fact).toBe(1);
    const rows = courseRows(db, whole.id);
    const of = (arm: string) => rows.find((it) => it.arm === arm && it.wording === "unseen")!;
    // What is learned becomes likelier, and what is trained on again at the end is kept.
    for (const arm of ["seal", "replay-all"]) {
      const { logprob } = of(arm);
      expect(logprob[0]![0]).toBeGreaterThan(logprob[0]![1]!);
    }
    expect(of("joint").matrix).toHaveLength(1);
    const [first, second] = of("full").steps;
    expect(second!.rows).toBeGreaterThan(first!.rows / 2);
    expect(second!.control!.perplexity).toBeGreaterThan(0);
    // Of the courses nothing stays but their rows.
    expect(readdirSync(join(home.root, "experiments", String(whole.id)))).toEqual(["template"]);

    // What the base writes differs from process to process: edits and rehearsal are the first one's.
    const root = mkdtempSync(join(tmpdir(), "selkie-again-"));
    db.$client.exec(`VACUUM INTO '${join(root, "selkie.db")}'`);
    cpSync(join(home.root, "experiments"), join(root, "experiments"), { recursive: true });
    const other = openLearner({}, root);
    for (const arm of CONFIG.arms) {
      forgetCourse(other.db, { experimentId: whole.id, arm, sequence: 1, ordering: 1 });
    }
    try {
      const own = { db: other.db, home: other.home };
      const stop = new AbortController();
      const stopped = runForgetting(
        request(
          {},
          {
            ...own,
            signal: stop.signal,
            // After the first step of the second arm.
            onProgress: ({ done }) => done >= 3 && stop.abort(new Error("stopped")),
          },
        ),
      );
      await expect(stopped).rejects.toThrow("stopped");
      expect(courseRows(other.db, 1).map(({ arm }) => arm)).toEqual(["seal", "seal"]);
      const rest = await runForgetting(request({}, own));
      expect(rest.id).toBe(1);
      expect(found(other.db, 1)).toEqual(found(db, whole.id));
      // Asked again, it has nothing to do: no model is started.
      const none = () => Promise.reject(new Error("a model was started"));
      const again = await runForgetting(request({}, { ...own, trainer: none, generator: none }));
      expect(again.finishedAt).toBe(rest.finishedAt);
    } finally {
      await other.close();
    }

    // More of it goes on with what there is.
    const grown = await runForgetting(request({ arms: ["seal"], sequences: 2 }));
    expect(grown.id).toBe(whole.id);
    expect(grown.finishedAt).toBeNull();
    const { courses, arms } = (await reportForgetting(db, whole.id))!;
    expect(courses).toEqual({ over: 5, planned: 8 });
    expect(arms[0]).toMatchObject({ arm: "seal", courses: 2 });
    expect(listExperiments(db)).toHaveLength(1);
  });

  test("SEAL's merged weights answer as the adapter did that is merged into them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "selkie-seal-"));
    mkdirSync(join(folder, "own"));
    const pairs = news(2, 8).map(({ title, text }) => ({ context: `${title}\n`, answer: text }));
    const lessons = news(2, 8).map(
      ({ title, text }, i) =>
        ({
          passage: { id: i + 1, title, text },
          questions: [],
          edits: [{ kind: "rewrite", lines: [text] }],
          editIds: [],
        }) as unknown as Lesson,
    );
    const loaded: { model: string; logprobs: number[] }[] = [];
    const logprobs = (scores: { logprob: number }[]) => scores.map((it) => it.logprob);
    const student = new SealStudent({
      ...{ config: CONFIG, model: describeModel(MODEL, true), lessons, signal: context.signal },
      folder: join(folder, "own"),
      log: new TrainLog(join(folder, "trained.jsonl"), []),
      trainer: context.trainer,
      startTrainer: async (model) => {
        const trainer = await Trainer.start({ model, threads: 1 });
        loaded.push({ model, logprobs: logprobs(await trainer.score(pairs)) });
        return trainer;
      },
      generator: context.generator,
    });
    try {
      await student.learn(1);
      const { trainer, adapter } = await student.voice();
      const under = logprobs(await trainer.score(pairs, { adapter: adapter! }));
      const untouched = logprobs(await trainer.score(pairs));
      await student.learn(2);
      expect(loaded).toHaveLength(1);
      // The base's products round what they multiply to 16 bits; what is merged is in single precision.
      const apart = (own: number[]) =>
        Math.max(...own.map((value, i) => Math.abs(value - under[i]!)));
      expect(apart(loaded[0]!.logprobs)).toBeLessThan(apart(untouched) / 50);
      expect(apart(untouched)).toBeGreaterThan(5);
      expect(student.knows(2)).toBe(true);
    } finally {
      await student.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(missing !== undefined)("selkie experiment forgetting", () => {
  const cwd = mkdtempSync(join(tmpdir(), "selkie-forgetting-"));
  const options = { cwd, home: join(cwd, "home") };
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  test("runs, writes its files, and is listed and shown", async () => {
    const command =
      "experiment forgetting --world-seed 4 --arms seal,single --sequences 1 --passages 2 --lists 1 --recipe quick --epochs 1 --control 2 --rehearsal 0 --out out.json --json";
    const ran = await runCli(command.split(" "), options);
    expect(ran.err).not.toContain("selkie:");
    expect(ran.code).toBe(0);
    expect(ran.json().courses).toEqual({ over: 2, planned: 2 });
    const written = JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"));
    expect(written.rows).toHaveLength(4);
    expect(written.experiment.machine.cores).toBeGreaterThan(0);
    for (const name of ["out.svg", "out-course.svg"]) {
      expect(readFileSync(join(cwd, name), "utf8")).toStartWith("<svg");
    }
    const listed = await runCli(["experiment", "list"], options);
    expect(listed.out).toContain("invented world, seed 4");
    const shown = await runCli(["experiment", "show"], options);
    expect(shown.out).toContain("SEAL: merged at each step");
    expect(shown.out).toContain("0 of them with a report question");
  });
});
