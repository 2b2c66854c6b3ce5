import { blocksToText, type Extracted } from "./blocks.ts";
import { ReadError } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { extractHtml } from "./html.ts";
import { extractMarkdown } from "./markdown.ts";
import { type PassageDraft, splitPassages } from "./passages.ts";
import { charsetOfHtml, decodeText, type Format, formatOfName, formatOfText } from "./sniff.ts";
import { extractText } from "./text.ts";

/** Bytes, and what is known about them. */
export interface RawDocument {
  /** As people know it: in messages, and kept as the document's source. */
  source: string;
  bytes: Uint8Array;
  /** A file name, or the path of an address: its ending may say the format. */
  name: string;
  /** What a server said it is. */
  format?: Format;
  charset?: string;
  /** A title that a person gave; it goes before the document's own. */
  title?: string;
}

/** A document ready to be stored. */
export interface Digest {
  format: Format;
  title: string;
  /** Hex SHA-256 of the extracted text. */
  contentHash: string;
  passages: PassageDraft[];
}

/**
 * Makes text of bytes, and passages of the text.
 * @throws ReadError `binary`, `empty` or `no-text`
 */
export function digest(raw: RawDocument): Digest {
  const { source, bytes } = raw;
  const named = raw.format ?? formatOfName(raw.name);
  const charset = raw.charset ?? (named === "html" ? charsetOfHtml(bytes) : undefined);
  const text = decodeText(bytes, source, charset).replace(/^\ufeff/, "");
  if (text.trim() === "") {
    throw new ReadError("empty", source, `${source} is empty: there is nothing in it to learn.`);
  }
  const extracted = extract(text, named ?? formatOfText(text));
  const title = raw.title?.trim() || extracted.title || titleOfName(raw.name);
  const passages = splitPassages(title, extracted.blocks);
  if (passages.length === 0) {
    throw new ReadError(
      "no-text",
      source,
      `${source} has no text to learn: if it is a page that fills itself in by script, save its text and give that.`,
    );
  }
  const contentHash = sha256(blocksToText(extracted.blocks));
  return { format: extracted.format, title, contentHash, passages };
}

function extract(text: string, format: Format): Extracted {
  if (format === "html") return extractHtml(text);
  return format === "markdown" ? extractMarkdown(text) : extractText(text);
}

/** `/notes/on_ships-2.md` is called `on ships 2`. */
function titleOfName(name: string): string {
  const last = name.split(/[/\\]/).filter(Boolean).at(-1) ?? name;
  const words = last.replace(/\.[a-z0-9]{1,8}$/i, "").replace(/[_-]+/g, " ");
  return words.trim() || name;
}
