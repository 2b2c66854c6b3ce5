import { describe, expect, test } from "bun:test";
import { makeEdits } from "../../../../agent/study/index.ts";
import { distinct, pairLine, pairOf, withoutExamQuestions } from "../../../../agent/study/lines.ts";
import { lineRow } from "../../../../agent/study/rows.ts";
import { sentenceEdit } from "../../../../agent/study/sentences.ts";
import { readEdit } from "../../../../agent/study/written.ts";
import { FakeGenerator } from "../fakes/generator.ts";

const PASSAGE = {
  title: "The Toab",
  text: "The Toab was built in Port Varnel in 1312. It was built by Ilsa Torvane, and it carried salt to Kolm. It sank near Kolm in 1340 when a storm came.",
};

describe("study lines", () => {
  test("a pair goes into a line and comes out of it", () => {
    const pair = { question: "Who built the Toab?", answer: "Ilsa Torvane" };
    expect(pairOf(pairLine(pair))).toEqual(pair);
    expect(pairOf("The Toab was built.")).toBeUndefined();
  });

  test("a question is trained closed-book, with loss on its answer alone", () => {
    expect(lineRow("T", pairLine({ question: "Who?", answer: "Ilsa" }))).toEqual({
      segments: [
        { text: "Question: Who?\nAnswer:", loss: false },
        { text: " Ilsa", loss: true },
      ],
      end: true,
    });
  });

  test("a statement is trained behind its title", () => {
    expect(lineRow("The Toab", "It sank.")).toEqual({
      segments: [
        { text: "The Toab\n", loss: false },
        { text: "It sank.", loss: true },
      ],
      end: true,
    });
  });

  test("the exam's wording is dropped however it is spelled; other wordings stay", () => {
    const lines = [
      pairLine({ question: "Who built the Toab?", answer: "Ilsa" }),
      pairLine({ question: "By whom was the Toab built?", answer: "Ilsa" }),
      "Who built the Toab?",
    ];
    expect(withoutExamQuestions(lines, ["who built The TOAB"])).toEqual(lines.slice(1));
  });

  test("distinct ignores spelling", () => {
    expect(distinct(["A ship.", "the ship", "a boat"])).toEqual(["A ship.", "a boat"]);
  });
});

describe("readEdit", () => {
  test("drops statements with names or numbers that the passage does not have", () => {
    const text =
      "The Toab sank in 1340.\n- Toja was built.\n2. It carried salt.\nIt sank in 1341.\n\nOk\nWhere did it sink?\nAnswer: near the Toab";
    expect(readEdit("implications", [text], PASSAGE)).toEqual({
      kind: "implications",
      lines: ["The Toab sank in 1340.", "It carried salt."],
      dropped: 5,
    });
  });

  test("keeps questions whose answer stands in the passage", () => {
    const text =
      " Where did the Toab sink?\nAnswer: near Kolm\nQuestion: What did it carry?\nAnswer: wool\nQuestion: Who built the Toja?\nAnswer: Ilsa Torvane";
    expect(readEdit("questions", [text], PASSAGE)).toEqual({
      kind: "questions",
      lines: ["Question: Where did the Toab sink?\nAnswer: near Kolm"],
      dropped: 2,
    });
  });
});

describe("sentenceEdit", () => {
  const edits = [0, 1, 2, 3, 4].map((ordinal) => sentenceEdit(PASSAGE, ordinal, 7));

  test("edits differ from one another, and are the same when made again", () => {
    expect(new Set(edits.map((lines) => lines.join("\n"))).size).toBe(edits.length);
    expect(sentenceEdit(PASSAGE, 0, 7)).toEqual(edits[0]!);
    expect(sentenceEdit(PASSAGE, 0, 8)).not.toEqual(edits[0]!);
  });

  test("each has the passage's sentences", () => {
    for (const lines of edits)
      expect(lines).toContain("The Toab was built in Port Varnel in 1312.");
  });

  test("pronouns are resolved by the title, windows join neighbours, clauses stand alone", () => {
    const all = Array.from({ length: 12 }, (_, i) => sentenceEdit(PASSAGE, i, i)).flat();
    expect(all.some((line) => line.startsWith("The Toab sank near Kolm"))).toBe(true);
    expect(all.some((line) => line.includes("1312. It was built by"))).toBe(true);
    expect(all).toContain("and it carried salt to Kolm.");
  });
});

describe("makeEdits", () => {
  const settings = {
    candidates: 3,
    editKinds: ["questions", "implications"] as ("questions" | "implications")[],
    seed: 1,
  };
  const lists = [
    " Where did the Toab sink?\nAnswer: near Kolm\nQuestion: Who built the Toab?\nAnswer: Ilsa Torvane\nQuestion: What did the Toab carry?\nAnswer: salt",
    "The Toab sank near Kolm.\nThe Toab carried salt.",
  ];
  const model = () =>
    new FakeGenerator(({ prompt }) => (prompt.includes("Questions:") ? lists[0]! : lists[1]!));

  test("takes the kinds in turn, each with its own seed, without the exam's questions", async () => {
    const generator = model();
    const edits = await makeEdits(async () => generator, PASSAGE, settings, {
      probes: "written",
      examQuestions: ["Who built the Toab?"],
      askedElsewhere: (questions) => new Set(questions.filter((q) => q.includes("carry"))),
    });
    expect(edits.map((edit) => edit.kind)).toEqual(["sentences", "implications", "sentences"]);
    expect(new Set(generator.asked.map((r) => r.seed)).size).toBe(generator.asked.length);
    expect(edits.flatMap((edit) => edit.lines).join("\n")).not.toContain("Who built the Toab?");
  });

  test("keeps what is left of a question list, if it is enough", async () => {
    const edits = await makeEdits(async () => model(), PASSAGE, settings, {
      probes: "written",
      examQuestions: ["Who built the Toab?"],
    });
    expect(edits.map((edit) => edit.kind)).toEqual(["questions", "implications", "questions"]);
    expect(edits[0]!.lines).toHaveLength(2);
  });

  test("where the model could not question the passage, it is not asked to write, either", async () => {
    const edits = await makeEdits(
      () => Promise.reject(new Error("not to be started")),
      PASSAGE,
      settings,
      { probes: "cloze", examQuestions: [] },
    );
    expect(edits.map((edit) => edit.kind)).toEqual(["sentences", "sentences", "sentences"]);
  });
});
