import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../../agent/ask.ts";
import { learnPassage } from "../../agent/learn/index.ts";
import { report } from "../../agent/measure/report.ts";
import { latestEvents } from "../../db/events.ts";
import { listProbes } from "../../db/probes.ts";
import { currentVersion } from "../../db/versions.ts";
import { learnable, missing, news, openLearner } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const PASSAGES = 3;

describe.skipIf(missing !== undefined)("learning with the embedded model", () => {
  const learner = openLearner();
  afterAll(learner.close);

  test("passages of the synthetic world go from probe to commit without a fallback", async () => {
    const { db, context } = learner;
    for (const passage of news(PASSAGES)) await learnPassage(context, learnable(db, passage).job);
    const { passages, matrix, timing, metrics } = report(db);
    const log = latestEvents(db)
      .map(({ message }) => message)
      .join("\n");
    expect(
      passages.map(({ decision }) => decision),
      log,
    ).toEqual(Array(PASSAGES).fill("learned"));
    expect(
      passages.map(({ kind }) => kind),
      log,
    ).toEqual(Array(PASSAGES).fill("written"));
    for (const { before, after } of passages) {
      expect(after!.logprob).toBeGreaterThan(before!.logprob);
    }
    const measured = matrix.map((row) => row.filter((it) => it !== null).length);
    expect(measured).toEqual([1, 2, 3]);
    expect(metrics.logprob.netGain).toBeGreaterThan(0);
    expect(timing.updates).toBe(PASSAGES);
    console.info(`Seconds per update: ${JSON.stringify(timing)}`);
  }, 300_000);

  test("what the report counts as known is said when asked", async () => {
    const { db, home, context } = learner;
    const trainer = await context.trainer();
    const adapter = join(home.adapters, currentVersion(db)!.file);
    const probes = listProbes(db, PASSAGES);
    const scores = await trainer.score(
      probes.map(({ prompt, answer }) => ({ context: prompt, answer: ` ${answer}` })),
      { adapter },
    );
    const known = probes.filter((_, i) => scores[i]!.exact);
    expect(known.length).toBeGreaterThan(0);
    for (const { question, answer } of known.slice(0, 4)) {
      expect(await ask(await context.generator(), question, { adapter })).toBe(answer);
    }
  });
});
