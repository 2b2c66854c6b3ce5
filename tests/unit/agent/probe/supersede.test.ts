import { afterEach, describe, expect, test } from "bun:test";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { report } from "../../../../agent/measure/report.ts";
import { memoryPageFacts } from "../../../../app/facts-memory.ts";
import { addDocument } from "../../../../db/documents.ts";
import { latestEvents } from "../../../../db/events.ts";
import { latestMeasurement } from "../../../../db/measurements.ts";
import { addPassages } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { listAskable } from "../../../../db/retention.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { Bench, gradeByMaterial } from "../learn/bench.ts";

let bench: Bench;
afterEach(() => bench.close());

const NEWS = "The Toab lies in PortNew now. Ilsamar bought the Toab, and it carries wine.";

/** Answers questions about the news as it says, and others as ever. */
async function learnNews(answers: Record<string, string>): Promise<number> {
  bench = new Bench(gradeByMaterial);
  await learnPassage(bench.context(), bench.learnable("Toab").job);
  const { document } = addDocument(bench.db, {
    source: "demo:news",
    format: "text",
    title: "News of the Toab",
    contentHash: "news",
  });
  const draft = { position: 0, title: "News of the Toab", text: NEWS, hash: "news" };
  const passage = addPassages(bench.db, document.id, [draft]).passages[0]!;
  bench.generator = new FakeGenerator(({ prompt }) => {
    if (!prompt.includes("PortNew")) return "";
    if (prompt.includes("\nQuestions:")) return " Who bought the Toab?\nAnswer: Ilsamar";
    const asked = Object.keys(answers).find((question) => prompt.includes(question));
    if (asked) return answers[asked]!;
    return prompt.includes("Who bought") ? "Ilsamar" : "";
  });
  await learnPassage(bench.context(), bench.claim(passage));
  return passage.id;
}

const superseded = () => listProbes(bench.db, 1).filter((it) => it.supersededBy !== null);

describe("news that changes what was true", () => {
  test("supersedes the older answer, with the time until which it held", async () => {
    const id = await learnNews({ "Where was the Toab built?": "PortNew" });
    const [probe] = superseded();
    expect(superseded()).toHaveLength(1);
    expect(probe).toMatchObject({ answer: "PortToab", newAnswer: "PortNew", supersededBy: id });
    expect(probe!.validUntil).toBeGreaterThan(0);
    expect(latestEvents(bench.db, 20).map(({ kind }) => kind)).toContain("news.superseded");
    expect(memoryPageFacts(bench.db).superseded).toMatchObject([
      { question: "Where was the Toab built?", answer: "PortToab", newAnswer: "PortNew", byId: id },
    ]);
  });

  test("the older answer is asked no more, and counts as forgotten no more", async () => {
    await learnNews({ "Where was the Toab built?": "PortNew" });
    const gone = superseded()[0]!.id;
    const asked = (["reward", "report"] as const).flatMap((split) => listAskable(bench.db, split));
    expect(asked.map(({ probeId }) => probeId)).not.toContain(gone);
    expect(latestMeasurement(bench.db)!.figures.population).toBeLessThan(
      report(bench.db).passages.length * 4,
    );
  });

  test("an answer that the new passage does not have changes nothing", async () => {
    await learnNews({ "Where was the Toab built?": "PortElse" });
    expect(superseded()).toEqual([]);
  });

  test("nor does the same answer in other words, or one of another type", async () => {
    await learnNews({
      "Where was the Toab built?": "PortToab",
      "What did the Toab carry?": "PortNew",
    });
    expect(superseded()).toEqual([]);
  });
});
