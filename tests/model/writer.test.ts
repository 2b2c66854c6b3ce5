import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { answerText, closedBook } from "../../agent/prompts.ts";
import { chooseDistractors } from "../../agent/reward/distractors.ts";
import { standings } from "../../agent/reward/reward.ts";
import { DEFAULT_SETTINGS } from "../../agent/settings.ts";
import { sampleEdits } from "../../agent/study/written.ts";
import { EndpointTeacher } from "../../agent/teacher/endpoint.ts";
import { teacherEdits } from "../../agent/teacher/source.ts";
import { DEFAULT_TEACHER } from "../../agent/teacher/types.ts";
import { bestOf } from "../../agent/writer/best.ts";
import { compareWriters, judge } from "../../agent/writer/compare.ts";
import { earn } from "../../agent/writer/earn.ts";
import { trainWriter } from "../../agent/writer/fit.ts";
import { teacherUsageOf } from "../../db/teacher.ts";
import { heldOutExam } from "../../models/exams.ts";
import { missing, openLearner } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

/** Short training: what is tested is that the parts fit. */
const INNER = { ...DEFAULT_SETTINGS.train, epochs: 6 };

describe.skipIf(missing !== undefined)("the outer loop with the embedded model", () => {
  const learner = openLearner();
  const { home, context, db } = learner;
  const scratch = join(home.scratch, "candidate.gguf");
  const { lora, writer } = DEFAULT_SETTINGS;
  afterAll(learner.close);

  const items = heldOutExam(31, 4).map(({ passage, seen }, id) => {
    const answers = seen.map(({ answer }) => ({ answers: [answer] }));
    const wrong = chooseDistractors(answers, [], { seed: 1 });
    const probes = seen.map(({ question, answer }, i) => ({
      context: closedBook(question),
      answers: [answerText(answer)],
      distractors: wrong[i]!.map(answerText),
    }));
    return { id, title: passage.title, text: passage.text, probes };
  });

  test("one small round from end to end: sample, reward, choose, train the writer, compare", async () => {
    const [trainer, generator] = await Promise.all([context.trainer(), context.generator()]);
    const edits = [];
    for (const item of items.slice(0, 2)) {
      const before = await standings(trainer, item.probes);
      const written = await sampleEdits(generator, item, ["implications", "implications"], {
        seed: 5,
      });
      expect(written[0]!.completions).not.toEqual(written[1]!.completions);
      for (const edit of written) {
        const earned = await earn(trainer, item, edit.lines, item.probes, before, {
          lora,
          train: INNER,
          scratch,
        });
        expect(earned.gains).toHaveLength(item.probes.length);
        edits.push({ ...edit, passageId: item.id, reward: earned.reward });
      }
    }
    // Studying a passage makes the answers to its questions likelier.
    for (const { reward } of edits) expect(reward).toBeGreaterThan(0);
    const winners = bestOf(edits);
    expect(winners).toHaveLength(2);

    const out = join(home.adapters, "policy.gguf");
    const options = { ...writer.train, epochs: 4 };
    const fit = await trainWriter(trainer, winners, { out, lora: writer.lora, options });
    expect(fit.losses.at(-1)!).toBeLessThan(fit.losses[0]!);

    const trials = await compareWriters(
      { trainer, generator },
      items.slice(2),
      { after: out },
      {
        edits: 1,
        kinds: ["implications"],
        seed: 3,
        lora,
        train: INNER,
        scratch,
      },
    );
    expect(trials.map(({ passageId, writer }) => `${passageId} ${writer}`)).toEqual([
      "2 before",
      "2 after",
      "3 before",
      "3 after",
    ]);
    const verdict = judge(trials, 1);
    expect(verdict.passages).toBe(2);
    expect(verdict.after - verdict.before).toBeCloseTo(verdict.difference, 9);
  });

  test("as a teacher behind an endpoint, it is held to what own edits are held to", async () => {
    const generator = await context.generator();
    const [item] = items as [(typeof items)[0]];
    const server = Bun.serve({
      port: 0,
      fetch: async (request) => {
        const { messages, seed } = (await request.json()) as {
          messages: { content: string }[];
          seed: number;
        };
        expect(messages.at(-1)!.content).toContain(item.text);
        const [edit] = await sampleEdits(generator, item, ["rewrite"], { seed, lists: 2 });
        const content = `${edit!.completions.join("\n")}\nIt was seen by Nobody Atall in 2999.`;
        return Response.json({ choices: [{ message: { content } }], usage: { prompt_tokens: 9 } });
      },
    });
    const at = `http://localhost:${server.port}/v1`;
    const teacher = new EndpointTeacher(db, { ...DEFAULT_TEACHER, at, model: "pup" });
    const problems: string[] = [];
    const source = teacherEdits(teacher, item, { seed: 2, onProblem: (it) => problems.push(it) });
    const [edit] = await source.write(["rewrite"]);
    await server.stop(true);
    expect(problems).toEqual([]);
    expect(edit!.lines.length).toBeGreaterThan(1);
    expect(edit!.lines.join("\n")).not.toContain("Nobody");
    expect(edit!.dropped).toBeGreaterThan(0);
    expect(teacherUsageOf(db, teacher.name)).toMatchObject({ requests: 1, promptTokens: 9 });
  });
});
