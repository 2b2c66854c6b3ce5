import { describe, expect, test } from "bun:test";
import type { Block } from "../../../../agent/read/blocks.ts";
import { textHash } from "../../../../agent/read/hash.ts";
import { countWords, splitPassages } from "../../../../agent/read/passages.ts";
import { splitSentences } from "../../../../agent/read/sentences.ts";

const paragraph = (text: string): Block => ({ kind: "paragraph", text });
const heading = (text: string): Block => ({ kind: "heading", text });
/** Sentences of ten words each, no two alike. */
let serial = 0;
const sentences = (n: number) =>
  Array.from(
    { length: n },
    () => `Sentence ${++serial} has exactly ten words, as all others do.`,
  ).join(" ");

describe("splitSentences", () => {
  test("abbreviations, initials and quotes do not end a sentence", () => {
    expect(
      splitSentences(
        "Dr. Smith came on Jan. 5th. No. 5 is alive. No. He said no. John F. Kennedy met J. R. R. Tolkien at 3 p.m. in St. Louis. The U.S. Army won. “Is it?” he asked. See e.g. Figure 2 (Fig. 3).",
      ),
    ).toEqual([
      "Dr. Smith came on Jan. 5th.",
      "No. 5 is alive.",
      "No.",
      "He said no.",
      "John F. Kennedy met J. R. R. Tolkien at 3 p.m. in St. Louis.",
      "The U.S. Army won.",
      "“Is it?” he asked.",
      "See e.g. Figure 2 (Fig. 3).",
    ]);
  });

  test("a letter at the end of a sentence is no initial", () => {
    expect(splitSentences("He took Vitamin C. It helped.")).toHaveLength(2);
  });

  test("lines, Japanese, and nothing", () => {
    expect(splitSentences("one\ntwo\n\nThree.")).toEqual(["one", "two", "Three."]);
    expect(splitSentences("これは文です。二つ目の文です！三つ目？")).toHaveLength(3);
    expect(splitSentences("  \n ")).toEqual([]);
  });
});

describe("splitPassages", () => {
  test("short paragraphs are joined up to some 120 to 250 words", () => {
    const blocks = Array.from({ length: 20 }, () => paragraph(sentences(3)));
    const passages = splitPassages("T", blocks);
    for (const { text } of passages) {
      expect(countWords(text)).toBeGreaterThanOrEqual(120);
      expect(countWords(text)).toBeLessThanOrEqual(250);
    }
    expect(passages.map((p) => p.text).join("\n\n")).toBe(blocks.map((b) => b.text).join("\n\n"));
    expect(passages.map((p) => p.position)).toEqual(passages.map((_, i) => i));
  });

  test("a long paragraph is cut between sentences, into about equal parts", () => {
    const text = sentences(61);
    const passages = splitPassages("T", [paragraph(text)]);
    expect(passages).toHaveLength(3);
    for (const passage of passages) {
      expect(countWords(passage.text)).toBeGreaterThan(150);
      expect(countWords(passage.text)).toBeLessThanOrEqual(300);
      expect(passage.text).toMatch(/^Sentence .* do\.$/);
    }
    expect(passages.map((p) => p.text).join(" ")).toBe(text);
  });

  test("a paragraph a little too long is left whole", () => {
    expect(splitPassages("T", [paragraph(sentences(29))])).toHaveLength(1);
  });

  test("a sentence is never cut, but what has no sentences is bounded", () => {
    const long = `${"word and ".repeat(200)}end.`;
    expect(splitPassages("T", [paragraph(`${long} Short one.`)])[0]!.text).toContain(long);
    const table = Array.from({ length: 5000 }, (_, i) => `cell${i}`).join(" ");
    const passages = splitPassages("T", [paragraph(table)]);
    for (const { text } of passages) expect(countWords(text)).toBeLessThanOrEqual(300);
    expect(passages.map((p) => p.text).join(" ")).toBe(table);
  });

  test("a section begins a passage and gives it its title", () => {
    const passages = splitPassages("Ships", [
      paragraph(sentences(5)),
      heading("Masts"),
      paragraph(sentences(5)),
      heading("Sails"),
      heading("Jibs"),
      paragraph(sentences(5)),
    ]);
    expect(passages.map((p) => p.title)).toEqual(["Ships", "Ships: Masts", "Ships: Jibs"]);
  });

  test("a heading after little text is a line of the same passage, never its last", () => {
    const [first, second] = splitPassages("T", [
      heading("T"),
      paragraph("A line."),
      heading("Next"),
      paragraph(sentences(24)),
      paragraph(sentences(24)),
    ]);
    expect(first!.title).toBe("T");
    expect(first!.text).toMatch(/^A line\.\n\nNext\n\nSentence/);
    expect(second!.title).toBe("T: Next");
    expect(splitPassages("T", [heading("only"), heading("headings")])).toEqual([]);
  });

  test("what occurs twice is kept once", () => {
    const text = sentences(20);
    const passages = splitPassages("T", [paragraph(text), paragraph(text.toUpperCase())]);
    expect(passages).toHaveLength(1);
  });
});

test("the hash sees no case, spacing, quotes or dashes, and every word", () => {
  expect(textHash("The  “ship”\n— it’s HERE")).toBe(textHash('the "ship" - it\'s here '));
  expect(textHash("a ship")).not.toBe(textHash("a shop"));
});

test("words of unspaced scripts are counted by their characters", () => {
  expect(countWords("one two, three")).toBe(3);
  expect(countWords("これは文です")).toBe(3);
});
