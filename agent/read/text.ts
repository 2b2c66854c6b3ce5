import type { Block, Extracted } from "./blocks.ts";

/** A first line of at most this many characters, without a full stop, is a title. */
const MAX_TITLE = 100;
/**
 * Without blank lines, lines of this length on average are paragraphs, not wrapped ones, if most of
 * them end as sentences do.
 */
const PARAGRAPH_LINE = 200;
const LIST_ITEM = /^\s*(?:[-*•+–]|\d{1,3}[.)])\s+/;
const CLOSED = /[.!?:;,…。！？]["'”’)\]]*$/u;

/** Paragraphs of a plain text: blank lines part them, and lines wrapped at a margin are joined. */
export function extractText(text: string): Extracted {
  const clean = text.replace(/\r\n?|\u2028|\f/g, "\n").replace(/\u2029/g, "\n\n");
  const blocks: Block[] = paragraphs(clean).map((paragraph) => ({
    kind: "paragraph",
    text: unwrap(paragraph),
  }));
  const first = blocks[0];
  const titled =
    first !== undefined &&
    blocks.length > 1 &&
    first.text.length <= MAX_TITLE &&
    !first.text.includes("\n") &&
    !CLOSED.test(first.text);
  if (titled) first.kind = "heading";
  return { format: "text", title: titled ? first.text : undefined, blocks };
}

function paragraphs(text: string): string[] {
  const parts = text.split(/\n[^\S\n]*(?:\n[^\S\n]*)+/).filter((part) => part.trim() !== "");
  if (parts.length > 1) return parts;
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const closed = lines.filter((line) => CLOSED.test(line.trim())).length;
  const areParagraphs =
    text.trim().length / lines.length >= PARAGRAPH_LINE && closed > lines.length / 2;
  return areParagraphs ? lines : parts;
}

/** Joins wrapped lines; a line that begins a list item stays a line. */
function unwrap(paragraph: string): string {
  let text = "";
  for (const line of paragraph.split("\n")) {
    const trimmed = line.replace(/\s+/g, " ").trim();
    if (trimmed === "") continue;
    const separator = text === "" ? "" : LIST_ITEM.test(line) ? "\n" : " ";
    text += separator + trimmed;
  }
  return text;
}
