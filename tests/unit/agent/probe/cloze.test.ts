import { describe, expect, test } from "bun:test";
import { normaliseAnswer } from "../../../../agent/probe/answers.ts";
import { BLANK, clozeProbes } from "../../../../agent/probe/cloze.ts";
import { splitProbes } from "../../../../agent/probe/split.ts";

const PASSAGE = {
  title: "Super Bowl 50",
  text:
    "Super Bowl 50 was an American football game for the 2015 season. The American champion Denver Broncos defeated the champion Carolina Panthers 24–10. " +
    "The game was played on February 7, 2016, at Levi's Stadium in Santa Clara, California. As it was the fiftieth, the league used Arabic numerals.",
};

describe("clozeProbes", () => {
  const probes = clozeProbes(PASSAGE);
  const answers = probes.map((probe) => probe.answer);

  test("blanks names, numbers and dates", () => {
    expect(answers).toContain("Denver Broncos");
    expect(answers).toContain("February 7, 2016");
    expect(answers).toContain("Levi's Stadium");
    expect(answers).toContain("2015");
    expect(answers).toContain("Carolina Panthers");
  });

  test("prompt, space and answer stand in the study line of the sentence", () => {
    for (const { prompt, answer, kind } of probes) {
      expect(kind).toBe("cloze");
      const [title, prefix] = prompt.split("\n");
      expect(title).toBe(PASSAGE.title);
      expect(PASSAGE.text).toContain(`${prefix} ${answer}`);
    }
  });

  test("the question shows the sentence without the answer", () => {
    for (const { question, answer } of probes) {
      expect(question).toContain(BLANK);
      expect(` ${normaliseAnswer(question)} `).not.toContain(` ${normaliseAnswer(answer)} `);
    }
  });

  test("asks for nothing that the title says, and nothing twice", () => {
    expect(answers).not.toContain("Super Bowl 50");
    expect(new Set(answers.map(normaliseAnswer)).size).toBe(answers.length);
  });

  test("reward and report blanks are of different sentences", () => {
    const { reward, report } = splitProbes(probes, 12);
    const facts = new Set(reward.map((probe) => probe.fact));
    expect(reward.length).toBeGreaterThan(1);
    expect(report.length).toBeGreaterThan(1);
    expect(report.every((probe) => !facts.has(probe.fact))).toBe(true);
  });

  test("prose without names has long words blanked", () => {
    const prose = clozeProbes({ title: "Bread", text: "the dough is kneaded until elastic." });
    expect(prose.map((probe) => probe.answer)).toContain("kneaded");
  });

  test("nothing to blank gives nothing", () => {
    expect(clozeProbes({ title: "x", text: "ok" })).toEqual([]);
    expect(clozeProbes({ title: "x", text: "" })).toEqual([]);
  });
});
