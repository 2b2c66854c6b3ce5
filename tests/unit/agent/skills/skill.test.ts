import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LearnerContext } from "../../../../agent/context.ts";
import { Generator } from "../../../../agent/generator/index.ts";
import { openHome } from "../../../../agent/home.ts";
import { pruneVersions } from "../../../../agent/lineage/prune.ts";
import { createRuntime } from "../../../../agent/runtime.ts";
import { DEFAULT_SETTINGS } from "../../../../agent/settings.ts";
import { learnSkill } from "../../../../agent/skills/acquire.ts";
import { failSkill, forgetSkill, requestSkill } from "../../../../agent/skills/request.ts";
import { parseTask, parseTaskText } from "../../../../agent/skills/task.ts";
import { useSkill } from "../../../../agent/skills/use.ts";
import { claimJob, getJob } from "../../../../db/jobs.ts";
import { closeDatabase, openDatabase } from "../../../../db/open.ts";
import { findSkill, getSkill } from "../../../../db/skills.ts";
import { Trainer } from "../../../../trainer/index.ts";
import { writeRandomModel } from "../../../support/random-model.ts";
import { scratch } from "../../trainer/fixture.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const files = scratch("skills");
const MODEL = files.file("model.gguf");
const home = openHome(files.file("home"));
const db = openDatabase(home.database);
writeRandomModel(MODEL);
const runtime = createRuntime({
  ...{ db, home, settings: DEFAULT_SETTINGS },
  model: { path: MODEL, name: "random", embedded: false },
  startTrainer: ({ path }) => Trainer.start({ model: path, backend: "cpu", threads: 1 }),
  startGenerator: ({ path }) => Generator.start({ model: path, backend: "cpu" }),
});
const told: string[] = [];
const context: LearnerContext = {
  ...runtime.context,
  onProgress: ({ detail }) => told.push(detail),
  signal: new AbortController().signal,
};
afterAll(async () => {
  await runtime.close();
  closeDatabase(db);
  files.remove();
});

const TASK = "red\n>\nno\n\nblue\n>\nno\n\npink\n>\nno\n\ngrey\n>\nno\n\nteal";
const adapters = () => readdirSync(home.adapters).filter((name) => name.endsWith(".gguf"));

/** Queues a skill and does its job. */
async function learn(name: string, task = parseTaskText(TASK)) {
  const { skill } = requestSkill(db, name, task);
  const job = claimJob(db, "test")!;
  await learnSkill(context, job);
  return { skill: getSkill(db, skill.id), job: getJob(db, job.id)! };
}

describe("a skill", () => {
  beforeAll(async () => {
    await learn("says no");
  });

  test("is the best of the recipes that competed, with an adapter of its own", async () => {
    const skill = findSkill(db, "says no")!;
    expect(skill.state).toBe("ready");
    expect(skill.trials.length).toBeGreaterThan(0);
    expect(skill.trials.length + skill.invalid).toBeLessThanOrEqual(4 + 3);
    expect(skill.base!.exact).toBe(0);
    expect(Math.max(...skill.trials.map(({ exact }) => exact))).toBeGreaterThan(0);
    // Of a text there are no augmentations.
    expect(skill.trials.some(({ recipe }) => recipe.basic === true)).toBeFalse();
    expect(skill.trials.map(({ recipe }) => recipe)).toContainEqual(skill.recipe!);
    expect(adapters()).toEqual([skill.file!]);
    expect(readdirSync(home.scratch)).toEqual([]);
    expect(skill.answers).toHaveLength(1);
    expect(told).toContain("Trying recipe 1 of ".concat(String(skill.trials.length)));
    // A budget of disk space leaves it alone.
    expect(pruneVersions(db, home, 0.000_001).needed).toBeGreaterThan(0);
    expect(adapters()).toEqual([skill.file!]);
  });

  test("answers inputs of its kind, and says why it cannot", async () => {
    const skill = findSkill(db, "says no")!;
    const attempts = await useSkill(context, skill, " teal\r\n");
    expect(attempts).toEqual(skill.answers![0]!);
    expect(useSkill(context, skill, "")).rejects.toThrow("The input is empty.");
    expect(useSkill(context, { ...skill, state: "learning" }, "a")).rejects.toThrow(
      "still being learned",
    );
    expect(useSkill(context, { ...skill, model: "other" }, "a")).rejects.toThrow("another base");
    expect(useSkill(context, { ...skill, sha256: "0" }, "a")).rejects.toThrow("gone or damaged");
  });

  test("with a name of another, too few examples or no name is refused", () => {
    const task = parseTaskText(TASK);
    expect(() => requestSkill(db, "says no", task)).toThrow("already");
    expect(() => requestSkill(db, "../x", task)).toThrow("cannot be called");
    const two = { ...task, train: task.train.slice(0, 2) };
    expect(() => requestSkill(db, "two", two)).toThrow("has 2 examples: a skill needs 3");
    expect(findSkill(db, "two")).toBeUndefined();
  });

  test("that no recipe helps leaves its record and nothing else", async () => {
    const before = adapters();
    // Longer than the model reads with one more example before it.
    const long = (digit: string) => ({ input: digit.repeat(300), output: digit.repeat(150) });
    const task = parseTask({ train: ["1", "2", "3"].map(long), test: [{ input: "4" }] });
    const { skill, job } = await learn("too long", task);
    expect(skill).toMatchObject({ state: "useless", file: null, recipe: null });
    expect(skill!.reason).toContain("nothing is kept");
    expect(job.state).toBe("done");
    expect(adapters()).toEqual(before);
  });

  test("that was taken back is not learned, one that failed says why", async () => {
    const { skill } = requestSkill(db, "taken back", parseTaskText(TASK));
    const job = claimJob(db, "test")!;
    forgetSkill(db, home, skill);
    await learnSkill(context, job);
    expect(findSkill(db, "taken back")).toBeUndefined();

    const other = requestSkill(db, "fails", parseTaskText(TASK)).skill;
    failSkill(db, other.id, "The disk is full.");
    expect(useSkill(context, getSkill(db, other.id)!, "a")).rejects.toThrow("The disk is full.");
  });

  test("goes with its adapter", () => {
    const skill = findSkill(db, "says no")!;
    forgetSkill(db, home, skill);
    expect(findSkill(db, "says no")).toBeUndefined();
    expect(existsSync(join(home.adapters, skill.file!))).toBeFalse();
  });
});
