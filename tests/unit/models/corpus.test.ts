import { describe, expect, test } from "bun:test";
import { CORPUS, Corpus, encodeRow, heldOutExam, knownExam } from "../../../models/corpus.ts";
import { demoPassages } from "../../../models/demo.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { KINDS } from "../../../models/world/kinds/index.ts";

const tokenizer = loadTokenizer();
const corpus = new Corpus(tokenizer);
const STEPS = 60;
const texts = Array.from({ length: STEPS }, (_, step) => corpus.texts(step)).flat();
const fullText = (row: (typeof texts)[number]) => row.row.segments.map((s) => s.text).join("");
const questionLines = texts.flatMap((row) =>
  fullText(row)
    .split("\n")
    .filter((line) => line.startsWith("Question: "))
    .map((line) => line.slice("Question: ".length)),
);

/** Matches whatever a question template can become. */
function pattern(templates: string[]): RegExp {
  const sources = templates.map((template) =>
    template.replace(/[.?]/g, "\\$&").replace(/\{[NPSvaA]\}/g, ".+"),
  );
  return new RegExp(`^(?:${sources.join("|")})$`, "i");
}
const unseenPattern = pattern(KINDS.flatMap((k) => k.attributes).flatMap((a) => a.unseen));

describe("the stream", () => {
  test("a step depends on seed and step alone", () => {
    const again = new Corpus(tokenizer);
    expect(again.batch(7)).toEqual(corpus.batch(7));
    expect(again.batch(8)).not.toEqual(corpus.batch(7));
    expect(new Corpus(tokenizer, { seed: 2 }).batch(7)).not.toEqual(corpus.batch(7));
    const resumed = again.batches(7);
    expect(resumed.next().value).toEqual(corpus.batch(7));
    expect(resumed.next().value).toEqual(corpus.batch(8));
  });

  test("a step's tokens and rows", () => {
    const batches = Array.from({ length: 30 }, (_, step) => corpus.batch(step));
    const mean = batches.reduce((sum, batch) => sum + batch.tokens, 0) / batches.length;
    expect(mean).toBeGreaterThan(6500);
    expect(mean).toBeLessThan(7600);
    expect(batches[0]!.rows).toHaveLength(102);
    for (const { tokens, loss } of batches.flatMap((batch) => batch.rows)) {
      expect(tokens.length).toBe(loss.length);
      expect([tokens[0], loss[0], tokens.at(-1), loss.at(-1)]).toEqual([1, 0, 0, 1]);
      expect(tokens.subarray(1, -1).every((token) => token > 1 && token < tokenizer.size)).toBe(
        true,
      );
      expect(tokens.length).toBeLessThan(450);
    }
  });

  test("the mix follows the options", () => {
    const share = (form: string, of: number) =>
      texts.filter((row) => row.form === form).length / STEPS / of;
    expect(share("implications", CORPUS.documents)).toBeCloseTo(CORPUS.implicationsShare, 1);
    expect(share("fact", CORPUS.shortRows)).toBeCloseTo(CORPUS.factShare, 1);
    expect(share("passage", CORPUS.passages)).toBe(1);
    const small = new Corpus(tokenizer, {
      documents: 0,
      passages: 2,
      shortRows: 1,
      known: 5,
      asked: 3,
    });
    expect(small.batch(0).rows).toHaveLength(3);
    expect(small.known).toEqual(corpus.known.slice(0, 5));
  });

  test("rows have the forms of the learner's prompts", () => {
    const forms: Record<string, RegExp> = {
      implications: /^Passage: .+\n.+\n\n(Implications|Long list of implications):\n«.+(\n.+)*»$/,
      rewrite: /^Passage: .+\n.+\n\nRewrite:\n«.+(\n.+)*»$/,
      questions: /^Passage: .+\n.+\n\nQuestions:\n«(Question: .+\nAnswer: .+\n?)+»$/,
      "open-book": /^Passage: .+\n.+\n(\nQuestion: .+\nAnswer:« .+»)+$/,
      passage: /^«.+\n.+»$/,
      fact: /^.+\n«.+»$/,
      "closed-book": /^Question: .+\nAnswer:« .+»$/,
    };
    for (const { form, row } of texts) {
      const marked = row.segments.map((s) => (s.loss ? `«${s.text}»` : s.text)).join("");
      expect(marked).toMatch(forms[form]!);
    }
  });

  test("segments merge no tokens across their borders", () => {
    for (const { row, form } of texts.slice(0, 400)) {
      const whole = tokenizer.encode(row.segments.map((segment) => segment.text).join(""));
      const { tokens } = encodeRow(tokenizer, row);
      expect({ form, tokens: [...tokens.subarray(1, -1)] }).toEqual({ form, tokens: whole });
    }
  });

  test("open answers stand in their passages", () => {
    for (const { form, row } of texts) {
      if (form !== "open-book" && form !== "questions") continue;
      const [passage, rest] = fullText({ form, row }).split("\n\n") as [string, string];
      const answers = [...rest.matchAll(/^Answer: (.+)$/gm)].map((match) => match[1]!);
      expect(answers).not.toEqual([]);
      for (const answer of answers) expect(passage).toContain(answer);
    }
  });

  test("lists are in the order of the kind's attributes, each fact once, or all of them again in other words or as questions", () => {
    const orders = KINDS.map(({ attributes }) =>
      attributes.map(({ statements }) => pattern([...statements])),
    );
    const lists = texts.filter(({ form }) => form === "implications");
    expect(lists.length).toBeGreaterThan(100);
    const styles: string[] = [];
    for (const { row } of lists) {
      const all = row.segments[1]!.text.split("\n");
      const lines = all.filter((line) => !/^(Question|Answer): /.test(line));
      const times = lines.length > 6 ? 2 : 1;
      const ordered = orders.some((order) =>
        lines.every((line, i) => order[i % (lines.length / times)]?.test(line)),
      );
      expect({ lines, ordered }).toEqual({ lines, ordered: true });
      expect(new Set(lines).size).toBe(lines.length);
      const asking = all.length > lines.length;
      if (asking) expect(all.length).toBe(3 * lines.length);
      if (row.segments[0]!.text.includes("Long list")) expect([times, asking]).toEqual([2, false]);
      styles.push(asking ? "asking" : times === 2 ? "thorough" : "plain");
    }
    const share = (style: string) => styles.filter((it) => it === style).length / styles.length;
    const { longShare, thoroughShare, askingShare } = CORPUS;
    expect(share("thorough")).toBeCloseTo(longShare + (1 - longShare) * thoroughShare, 1);
    expect(share("asking")).toBeCloseTo((1 - longShare) * askingShare, 1);
  });

  test("closed-book questions are about the asked half of the known entities", () => {
    const asked = corpus.known.slice(0, CORPUS.asked);
    for (const row of texts.filter(({ form }) => form === "closed-book").slice(0, 500)) {
      const name = (entity: (typeof asked)[number]) => entity.name.replace(/^the /, "");
      expect(asked.some((entity) => fullText(row).includes(name(entity)))).toBe(true);
    }
  });

  test("no unseen wording is ever trained on", () => {
    expect(questionLines.length).toBeGreaterThan(2000);
    expect(questionLines.filter((line) => unseenPattern.test(line))).toEqual([]);
    // The pattern does find them where they are.
    for (const item of heldOutExam(1, 20)) {
      for (const { question } of item.unseen) expect(question).toMatch(unseenPattern);
    }
  });

  test("no held-out entity is ever trained on", () => {
    const all = texts.map(fullText).join("\n");
    for (const { entity } of heldOutExam(1, 200)) {
      expect(all).not.toContain(entity.name.replace(/^the /, ""));
    }
  });
});

describe("exams", () => {
  test("the held-out exam asks about every stated fact in both wordings", () => {
    const exam = heldOutExam(3, 30);
    expect(exam).toHaveLength(30);
    expect(heldOutExam(3, 30)).toEqual(exam);
    for (const { entity, passage, seen, unseen } of exam) {
      expect(entity.split).toBe("heldout");
      expect(seen.map((q) => q.attribute)).toEqual(passage.facts.map((f) => f.attribute));
      expect(unseen.map((q) => q.answer)).toEqual(seen.map((q) => q.answer));
      for (const { answer } of seen) expect(passage.text).toContain(answer);
    }
  });

  test("the known exam tells the asked half from the other", () => {
    const exam = knownExam();
    expect(exam.map(({ entity }) => entity)).toEqual([...corpus.known]);
    expect(exam.filter(({ asked }) => asked)).toHaveLength(CORPUS.asked);
  });
});

describe("demo passages", () => {
  test("are held out, different, of every kind, and answer their questions", () => {
    const passages = demoPassages(1, 12);
    expect(demoPassages(1, 12)).toEqual(passages);
    expect(demoPassages(1, 5)).toEqual(passages.slice(0, 5));
    expect(new Set(passages.map(({ title }) => title)).size).toBe(12);
    const all = texts.map(fullText).join("\n");
    for (const { title, text, questions } of passages) {
      expect(all).not.toContain(title.replace(/^The /, ""));
      expect(questions.length).toBeGreaterThanOrEqual(4);
      for (const { answer } of questions) expect(text).toContain(answer);
    }
  });
});
