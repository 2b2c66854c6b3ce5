import { describe, expect, test } from "bun:test";
import { type ProbeDraft, splitProbes } from "../../../../agent/probe/split.ts";

const draft = (fact: string, question: string): ProbeDraft => ({
  kind: "written",
  fact,
  question,
  prompt: question,
  answer: fact,
});

describe("splitProbes", () => {
  test("a fact is in one split, in all its wordings", () => {
    const drafts = ["a", "b", "c", "d"].flatMap((f) => [draft(f, `${f}1`), draft(f, `${f}2`)]);
    const { reward, report } = splitProbes(drafts, 12);
    expect(reward.map((d) => d.question)).toEqual(["a1", "c1", "a2", "c2"]);
    expect(report.map((d) => d.question)).toEqual(["b1", "d1", "b2", "d2"]);
  });

  test("each split has at most half, every fact before a second wording", () => {
    const drafts = ["a", "b", "c", "d"].flatMap((f) => [draft(f, `${f}1`), draft(f, `${f}2`)]);
    const { reward, report } = splitProbes(drafts, 4);
    expect(reward.map((d) => d.question)).toEqual(["a1", "c1"]);
    expect(report.map((d) => d.question)).toEqual(["b1", "d1"]);
  });

  test("wordings of a single fact are dealt out, never the same to both", () => {
    const { reward, report } = splitProbes([draft("a", "1"), draft("a", "2"), draft("a", "3")], 12);
    expect(reward.map((d) => d.question)).toEqual(["1", "3"]);
    expect(report.map((d) => d.question)).toEqual(["2"]);
  });

  test("no draft, no probe", () => {
    expect(splitProbes([], 12)).toEqual({ reward: [], report: [] });
  });
});
