import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { correct, learnFromQuestion, markWrong } from "../../../../agent/use/index.ts";
import { passageFacts } from "../../../../app/facts-passage.ts";
import { listCandidates } from "../../../../db/candidates.ts";
import { setConsent } from "../../../../db/documents.ts";
import { feedbackOf, latestFeedback } from "../../../../db/feedback.ts";
import { claimJob, nextJobs } from "../../../../db/jobs.ts";
import { getPassage } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { getRetained } from "../../../../db/retention.ts";
import { searchPassages } from "../../../../db/search.ts";
import { listUpdates } from "../../../../db/updates.ts";
import { listVersions } from "../../../../db/versions.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { FakeTrainer } from "../fakes/trainer.ts";
import { Bench, gradeByMaterial, SETTINGS } from "../learn/bench.ts";

let bench: Bench;
afterEach(() => bench.close());

const ASKED = { given: "Nobody knows.", versionId: 0, via: "page" } as const;
const ask = (question: string, given: string = ASKED.given) =>
  learnFromQuestion(bench.db, bench.generator, { ...ASKED, question, given });
describe("what the weights could not answer", () => {
  test("becomes a probe of the passage that does, which is learned earlier; the page says where from", async () => {
    bench = new Bench();
    const [first, second] = [bench.learnable("Toab").passage, bench.learnable("Varn").passage];
    bench.db.$client.prepare("UPDATE jobs SET state = 'queued', owner = NULL").run();
    const found = (await ask("What did the Varn carry?"))!;
    expect(found).toMatchObject({ answer: "saltVarn", known: false, passage: { id: second.id } });
    expect(found.noted!.message).toBe("“The Varn” answers it, and is learned earlier for it.");
    expect(listProbes(bench.db, second.id)).toMatchObject([
      { split: "reward", origin: "question", question: "What did the Varn carry?" },
    ]);
    const order = nextJobs(bench.db, "learn", 5).map(({ payload }) => payload.passageId);
    expect(order).toEqual([second.id, first.id]);
    const facts = passageFacts(bench.db, second.id)!;
    expect(facts.feedback).toMatchObject([
      { kind: "question", via: "page", given: "Nobody knows.", answer: "saltVarn", times: 1 },
    ]);
    expect(facts.waiting!.parts.map(({ why }) => why)).toContain("asked about once");
    // Asked again, it is the same probe.
    await ask("What did the  Varn carry?");
    expect(listProbes(bench.db, second.id)).toHaveLength(1);
    expect(feedbackOf(bench.db, second.id)).toMatchObject([{ times: 2 }]);
  });

  test("is studied in its own words, and measured by nothing that is reported", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    await ask("What did the Toab carry?");
    await learnPassage(bench.context(), job);
    const probes = listProbes(bench.db, passage.id);
    const own = probes.filter(({ origin }) => origin === "question");
    expect(own).toMatchObject([{ split: "reward", answer: "saltToab" }]);
    expect(probes.filter(({ question }) => question === own[0]!.question)).toHaveLength(1);
    expect(probes.length).toBe(4);
    const [update] = listUpdates(bench.db);
    for (const { lines } of listCandidates(bench.db, update!.id)) {
      expect(lines).toContain("Question: What did the Toab carry?\nAnswer: saltToab");
    }
    expect(getPassage(bench.db, passage.id)!.decision).toBe("learned");
    expect(feedbackOf(bench.db, passage.id)).toMatchObject([{ settledBy: update!.id }]);
    expect(getRetained(bench.db, [own[0]!.id])).toHaveLength(1);
  });

  test("what the weights said is enough, where it has the answer in it", async () => {
    bench = new Bench();
    const { passage } = bench.learnable("Toab");
    const found = await ask("What did the Toab carry?", "It carried saltToab, mostly.");
    expect(found).toMatchObject({ known: true });
    expect(found!.noted).toBeUndefined();
    expect(listProbes(bench.db, passage.id)).toEqual([]);
  });

  test("nothing is asked of the model where no passage names what the question does", async () => {
    bench = new Bench();
    bench.learnable("Toab");
    expect(await ask("What did the Ilmo carry?")).toBeUndefined();
    expect(await ask("???")).toBeUndefined();
    expect(await ask('" OR * ( : ^')).toBeUndefined();
    expect(bench.generator.asked).toEqual([]);
    expect(latestFeedback(bench.db, 5)).toEqual([]);
  });

  test("an answer that does not stand in the passage, or changes, is none", async () => {
    bench = new Bench();
    bench.learnable("Toab");
    let n = 0;
    const fickle = new FakeGenerator(() => (n++ % 2 ? "PortToab" : "saltToab"));
    const question = "What did the Toab carry?";
    const { db } = bench;
    expect(await learnFromQuestion(db, fickle, { ...ASKED, question })).toBeUndefined();
    const liar = new FakeGenerator(() => "gold");
    expect(await learnFromQuestion(db, liar, { ...ASKED, question })).toBeUndefined();
  });
});

describe("a passage that was dealt with", () => {
  test("is studied again; refused, it is still what it was", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    const before = listProbes(bench.db, passage.id).filter(({ split }) => split === "report");
    const anchors = () =>
      getRetained(
        bench.db,
        before.map(({ id }) => id),
      ).map(({ retention }) => retention.anchorVersion);
    const was = anchors();
    const said = correct(
      bench.db,
      { ...ASKED, question: "In which year was the Toab built?" },
      "1342",
    );
    expect(said).toMatchObject({
      queued: true,
      message: "“The Toab” answers it, and is studied again.",
    });
    const again = claimJob(bench.db, "test")!;
    expect(again.payload).toEqual({ passageId: passage.id, again: true });
    // Nothing that is trained now helps.
    bench.trainer = new FakeTrainer(() => ({ logprob: -9, tokens: 2, exact: false }));
    await learnPassage(bench.context(), again);
    expect(listUpdates(bench.db).at(-1)).toMatchObject({ verdict: "reject" });
    expect(getPassage(bench.db, passage.id)!.decision).toBe("learned");
    expect(anchors()).toEqual(was);
    expect(feedbackOf(bench.db, passage.id)[0]!.settledBy).not.toBeNull();
    expect(claimJob(bench.db, "test")).toBeUndefined();
  });

  test("and then answers what it was corrected to", async () => {
    // The year is only known in the words in which it was asked.
    bench = new Bench((pair, adapter) =>
      pair.context.includes("In which year") &&
      adapter &&
      !readFileSync(adapter, "utf8").includes("In which year")
        ? { logprob: -10, tokens: 2, exact: false }
        : gradeByMaterial(pair, adapter),
    );
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    correct(bench.db, { ...ASKED, question: "In which year was the Toab built?" }, "1342");
    await learnPassage(bench.context(), claimJob(bench.db, "test")!);
    expect(listVersions(bench.db)).toHaveLength(2);
    expect(listUpdates(bench.db).at(-1)).toMatchObject({ verdict: "commit" });
    const { decisions } = passageFacts(bench.db, passage.id)!;
    expect(decisions[0]!.reason).toContain("what people asked of it is not known");
  });

  test("whose source is only read is not learned for a question", async () => {
    bench = new Bench();
    const { passage } = bench.learnable("Toab");
    bench.db.$client.prepare("DELETE FROM jobs").run();
    setConsent(bench.db, passage.documentId, "read");
    const found = await ask("What did the Toab carry?");
    expect(found!.noted).toMatchObject({ queued: false });
    expect(claimJob(bench.db, "test")).toBeUndefined();
  });
});

describe("a correction", () => {
  test("that no passage states becomes a passage of its own", async () => {
    bench = new Bench();
    bench.learnable("Toab");
    bench.db.$client.prepare("DELETE FROM jobs").run();
    const { passage, feedback, queued } = correct(
      bench.db,
      { ...ASKED, question: "What is the\nharbour's dog called?" },
      " Brannoc ",
    );
    expect(queued).toBe(true);
    expect(passage).toMatchObject({ title: "What is the harbour's dog called?", decision: "new" });
    expect(passage!.text).toContain("Brannoc");
    expect(feedback).toMatchObject({
      kind: "correction",
      answer: "Brannoc",
      passageId: passage!.id,
    });
    expect(searchPassages(bench.db, "dog of the harbour", 3)[0]!.id).toBe(passage!.id);
    const settings = { ...SETTINGS, candidates: 1 };
    await learnPassage(bench.context({ settings }), claimJob(bench.db, "test")!);
    expect(getPassage(bench.db, passage!.id)!.decision).toBe("learned");
  });

  test("takes the place of an exam's question with another answer, and of an earlier correction", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    const question = "Who built the Toab?";
    correct(bench.db, { ...ASKED, question }, "PortToab");
    const all = () => listProbes(bench.db, passage.id).filter((it) => it.question === question);
    expect(all()).toMatchObject([
      { origin: "made", supersededBy: passage.id, newAnswer: "PortToab" },
      { origin: "correction", answer: "PortToab", supersededBy: null },
    ]);
    correct(bench.db, { ...ASKED, question }, "KolmToab");
    expect(all()).toMatchObject([{ origin: "made" }, { answer: "KolmToab" }]);
  });
});

describe("an answer marked as wrong", () => {
  const question = "What did the Toab carry?";

  test("is looked up; where the passage says the same, or none answers, it is noted", async () => {
    bench = new Bench();
    const { passage } = bench.learnable("Toab");
    const { db, generator } = bench;
    const marked = await markWrong(db, generator, { ...ASKED, question });
    expect(marked).toMatchObject({ queued: true, passage: { id: passage.id } });
    expect(marked.feedback).toMatchObject({ kind: "marked", answer: "saltToab" });
    const same = await markWrong(db, generator, { ...ASKED, question, given: "saltToab" });
    expect(same).toMatchObject({ queued: false, feedback: { answer: null } });
    const none = await markWrong(db, generator, { ...ASKED, question: "Who sank the Ilmo?" });
    expect(none.message).toContain("Nothing that was read answers it");
    expect(latestFeedback(db, 5)).toHaveLength(2);
  });
});
