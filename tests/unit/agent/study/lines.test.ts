import { describe, expect, test } from "bun:test";
import { implicationsPrompt, questionsPrompt } from "../../../../agent/prompts.ts";
import { type EditSource, makeEdits } from "../../../../agent/study/index.ts";
import {
  chooseKinds,
  type KindChoice,
  type KindReward,
  thompson,
} from "../../../../agent/study/kinds.ts";
import { distinct, pairLine, pairOf, withoutExamQuestions } from "../../../../agent/study/lines.ts";
import { ownEdits } from "../../../../agent/study/own.ts";
import { lineRow } from "../../../../agent/study/rows.ts";
import { sentenceEdit } from "../../../../agent/study/sentences.ts";
import { readEdit } from "../../../../agent/study/written.ts";
import type { PromptKind } from "../../../../db/candidates.ts";
import { random } from "../../../../trainer/random.ts";
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

  test("an exam's question within a longer one is left out, too; a word of it is not", () => {
    const lines = [
      pairLine({
        question: "In which year was it, the ship, that who built the Toab?",
        answer: "x",
      }),
      pairLine({ question: "Who built the Toabs?", answer: "x" }),
    ];
    expect(withoutExamQuestions(lines, ["Who built the Toab?", ""])).toEqual(lines.slice(1));
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
      prompt: implicationsPrompt(PASSAGE),
      completions: [text],
      lines: ["The Toab sank in 1340.", "It carried salt."],
      dropped: 4,
    });
  });

  test("a list of statements may go on with questions, and keeps those that hold", () => {
    const text =
      "The Toab sank in 1340.\nQuestion: Where did the Toab sink?\nAnswer: near Kolm\nQuestion: Who built the Toja?\nAnswer: Ilsa Torvane";
    const { lines, dropped } = readEdit("implications", [text], PASSAGE);
    expect(lines).toEqual([
      "The Toab sank in 1340.",
      "Question: Where did the Toab sink?\nAnswer: near Kolm",
    ]);
    expect(dropped).toBe(1);
  });

  test("a text without a line that passes is nothing to learn from", () => {
    const { completions, lines } = readEdit(
      "rewrite",
      ["Toja was built.", "It sank in 1340. "],
      PASSAGE,
    );
    expect(lines).toEqual(["It sank in 1340."]);
    expect(completions).toEqual(["It sank in 1340."]);
  });

  test("keeps questions whose answer stands in the passage", () => {
    const text =
      " Where did the Toab sink?\nAnswer: near Kolm\nQuestion: What did it carry?\nAnswer: wool\nQuestion: Who built the Toja?\nAnswer: Ilsa Torvane";
    expect(readEdit("self-qa", [text], PASSAGE)).toEqual({
      kind: "self-qa",
      prompt: `${questionsPrompt(PASSAGE)}Question:`,
      completions: [text],
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
  const lists = [
    " Where did the Toab sink?\nAnswer: near Kolm\nQuestion: Who built the Toab?\nAnswer: Ilsa Torvane\nQuestion: What did the Toab carry?\nAnswer: salt",
    "The Toab sank near Kolm.\nThe Toab carried salt.",
  ];
  const model = () =>
    new FakeGenerator(({ prompt }) => (prompt.includes("Questions:") ? lists[0]! : lists[1]!));
  const own = (generator = model()) =>
    ownEdits(async () => generator, PASSAGE, { seed: 1, policyId: 4, adapter: "/policy.gguf" });
  const options = {
    kinds: ["self-qa", "implications", "self-qa"] as PromptKind[],
    seed: 1,
    examQuestions: ["Who built the Toab?"],
  };

  test("each kind has its own seed and the writer's adapter, and no exam question is left", async () => {
    const generator = model();
    const edits = await makeEdits([own(generator)], PASSAGE, {
      ...options,
      askedElsewhere: (questions) => new Set(questions.filter((q) => q.includes("carry"))),
    });
    expect(edits.map((edit) => edit.kind)).toEqual(["sentences", "implications", "sentences"]);
    expect(edits.map((edit) => edit.origin)).toEqual(["rule", "self", "rule"]);
    expect(edits.map((edit) => edit.policyId)).toEqual([0, 4, 0]);
    expect(new Set(generator.asked.map((r) => r.seed)).size).toBe(generator.asked.length);
    expect(new Set(generator.asked.map((r) => r.adapter))).toEqual(new Set(["/policy.gguf"]));
    expect(edits.flatMap((edit) => edit.lines).join("\n")).not.toContain("Who built the Toab?");
  });

  test("keeps what is left of a question list, if it is enough", async () => {
    const edits = await makeEdits([own()], PASSAGE, options);
    expect(edits.map((edit) => edit.kind)).toEqual(["self-qa", "implications", "self-qa"]);
    expect(edits[0]!.lines).toHaveLength(2);
  });

  test("a source's empty places are the next one's; without any source, rules write", async () => {
    const asked: PromptKind[][] = [];
    const recorded: EditSource = {
      origin: "recorded",
      write: async (kinds) => {
        asked.push(kinds);
        return [readEdit("rewrite", [lists[1]!], PASSAGE), undefined];
      },
    };
    const edits = await makeEdits([recorded, own()], PASSAGE, options);
    expect(asked).toEqual([options.kinds]);
    expect(edits.map((edit) => edit.origin)).toEqual(["recorded", "self", "self"]);
    expect(edits.map((edit) => edit.kind)).toEqual(["rewrite", "implications", "self-qa"]);
    const ruled = await makeEdits([], PASSAGE, options);
    expect(ruled.map((edit) => edit.kind)).toEqual(["sentences", "sentences", "sentences"]);
  });
});

describe("the kinds of edits", () => {
  const settings = {
    candidates: 4,
    editKinds: ["self-qa", "rewrite", "none"] as PromptKind[],
    kindChoice: "turns" as KindChoice,
  };
  const never = () => {
    throw new Error("not to be asked");
  };

  test("in turn, or one for the passage", () => {
    const kinds = chooseKinds(settings, { id: 1, seed: 1 }, never);
    expect(kinds).toEqual(["self-qa", "rewrite", "none", "self-qa"]);
    const one = { ...settings, kindChoice: "passage" as const };
    expect(chooseKinds(one, { id: 4, seed: 1 }, never)).toEqual(Array(4).fill("rewrite"));
    expect(chooseKinds(one, { id: 5, seed: 1 }, never)).toEqual(Array(4).fill("none"));
  });

  test("Thompson sampling comes to take the kind that earns most, and still looks at the others", () => {
    const means = { "self-qa": 0.4, rewrite: 1, none: -0.5 } as Record<PromptKind, number>;
    const earned: KindReward[] = [];
    const next = random(7);
    const taken: PromptKind[] = [];
    for (let passage = 0; passage < 60; passage++) {
      for (const kind of thompson(settings.editKinds, 3, earned, passage)) {
        taken.push(kind);
        earned.push({ kind, reward: means[kind] + (next() - 0.5) * 2 });
      }
    }
    const share = (list: PromptKind[], kind: PromptKind) =>
      list.filter((it) => it === kind).length / list.length;
    expect(new Set(taken.slice(0, 30)).size).toBe(3);
    expect(share(taken.slice(90), "rewrite")).toBeGreaterThan(0.8);
    expect(share(taken, "none")).toBeLessThan(0.15);
  });
});
