import type { Format } from "./sniff.ts";

/** What every format is reduced to: a document is a list of headings and paragraphs. */
export interface Block {
  kind: "heading" | "paragraph";
  /** Trimmed and not empty. A line break stays only where it means something: lists, verse, code. */
  text: string;
}

/** A document as it was understood, whatever it was written in. */
export interface Extracted {
  format: Format;
  /** The document's own title, where it has one. */
  title?: string;
  blocks: Block[];
}

/** The whole text: what makes two documents the same. */
export function blocksToText(blocks: Block[]): string {
  return blocks.map((block) => block.text).join("\n\n");
}
