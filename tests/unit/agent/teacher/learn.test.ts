import { afterEach, describe, expect, test } from "bun:test";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { importRecorded, parseRecorded } from "../../../../agent/teacher/recorded.ts";
import {
  RecordedError,
  type Teacher,
  TeacherError,
  type TeacherTask,
} from "../../../../agent/teacher/types.ts";
import { listCandidates } from "../../../../db/candidates.ts";
import { latestEvents } from "../../../../db/events.ts";
import { claimJob } from "../../../../db/jobs.ts";
import { getPassage, listPassages } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { countRecordedEdits } from "../../../../db/teacher.ts";
import { Bench, shipText } from "../learn/bench.ts";

let bench: Bench;
afterEach(() => bench?.close());

function teacher(writes: TeacherTask[], write: Teacher["write"]): () => Promise<Teacher> {
  return async () => ({ name: "big", writes, write, reject: () => {}, close: async () => {} });
}

describe("learning from a teacher", () => {
  test("its edits are the candidates; what it does not write, the student writes", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    let asked = 0;
    const context = bench.context({
      teacher: teacher(["edits"], async () => {
        asked += 1;
        if (asked === 2) throw new TeacherError("nonsense", "big answered with HTML.");
        return "Ilsa Torvane and Zork built it.\nThe Toab sank near KolmToab.\nIlsaToab built the Toab.";
      }),
    });
    await learnPassage(context, job);
    const candidates = listCandidates(bench.db, 1);
    expect(candidates.map(({ origin }) => origin)).toEqual(["self", "self", "teacher"]);
    expect(candidates[2]!.lines).toEqual([
      "The Toab sank near KolmToab.",
      "IlsaToab built the Toab.",
    ]);
    expect(getPassage(bench.db, passage.id)!.decision).toBe("learned");
    const told = latestEvents(bench.db).filter(({ kind }) => kind === "teacher.problem");
    expect(told.map(({ message }) => message)).toContain("“The Toab”: big answered with HTML.");
  });

  test("its questions are screened as the student's own, and asked of the student", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    const context = bench.context({
      teacher: teacher(["probes"], async () =>
        [
          "Question: Whose hands built the Toab?\nAnswer: IlsaToab",
          "Question: What did the Toab carry?\nAnswer: gold",
        ].join("\n"),
      ),
    });
    const { generator } = bench;
    const generate = generator.generate.bind(generator);
    generator.generate = async (requests) => {
      const texts = await generate(requests);
      return texts.map((text, i) =>
        requests[i]!.prompt.includes("Whose hands") ? " IlsaToab" : text,
      );
    };
    await learnPassage(context, job);
    const questions = listProbes(bench.db, passage.id).map(({ question }) => question);
    expect(questions).toContain("Whose hands built the Toab?");
    expect(listProbes(bench.db, passage.id).map(({ answer }) => answer)).not.toContain("gold");
  });
});

describe("recorded edits", () => {
  const item = { title: "The Varn", context: shipText("Varn") };

  test("are read item by item; what cannot be used is told and counted", () => {
    const { items, problems } = parseRecorded([
      { ...item, completions: ["One.", "One.", "", 7, "Two."], id: "ignored" },
      { title: "x", completions: ["a"] },
      { ...item, completions: [] },
      { ...item, completions: [null] },
      "nonsense",
      { ...item, completions: ["a"], kind: "poem" },
      { ...item, completions: ["a"], kind: "self-qa" },
    ]);
    expect(items.map(({ completions, kind }) => [completions, kind])).toEqual([
      [["One.", "Two."], "implications"],
      [["a"], "self-qa"],
    ]);
    expect(problems).toEqual([
      { item: 1, completion: 2, problem: "is there twice" },
      { item: 1, completion: 3, problem: "is empty" },
      { item: 1, completion: 4, problem: "is not a text" },
      { item: 2, problem: "“context” is missing" },
      { item: 3, problem: "“completions” is empty" },
      { item: 4, completion: 1, problem: "is not a text" },
      { item: 5, problem: "is not an object" },
      { item: 6, problem: expect.stringContaining("“kind” is none of implications") },
    ]);
  });

  test.each([[{}], [[]], [[{ title: "x" }]], ["text"]])("%j is no such file", (data) => {
    expect(() => parseRecorded(data)).toThrow(RecordedError);
  });

  test("are studied in place of own ones, all of them, and imported once", async () => {
    bench = new Bench();
    const { db } = bench;
    const completions = [
      "The Varn sank near KolmVarn.\nIlsaVarn built the Varn.",
      "Nobody of Nowhere wrote this in 1999.",
      "It carried saltVarn.\nThe Varn was built in PortVarn.",
      "The Varn carried saltVarn.\nThe Varn sank near KolmVarn, and saltVarn with it.",
    ];
    const { items } = parseRecorded([{ ...item, completions }]);
    expect(importRecorded(db, items, "edits.json")).toEqual({ passages: 1, edits: 4, queued: 1 });
    expect(importRecorded(db, items, "edits.json")).toEqual({ passages: 1, edits: 0, queued: 0 });
    expect(countRecordedEdits(db)).toEqual({ edits: 4, passages: 1 });
    await learnPassage(bench.context(), claimJob(db, "test")!);
    const candidates = listCandidates(db, 1);
    expect(candidates.map(({ origin }) => origin)).toEqual([
      "recorded",
      "self",
      "recorded",
      "recorded",
    ]);
    expect(listPassages(db)[0]!.decision).toBe("learned");
    const told = latestEvents(db).filter(({ kind }) => kind === "teacher.problem");
    expect(told.map(({ message }) => message)).toEqual([
      expect.stringContaining("Edit 2 of edits.json has no line that can be used"),
    ]);
    expect(importRecorded(db, items, "edits.json")).toMatchObject({ queued: 0 });
  });
});
