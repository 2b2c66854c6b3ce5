import { blocksToText, type Extracted } from "./blocks.ts";
import { ReadError } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { extractArticle, extractHtml } from "./html.ts";
import { extractMarkdown } from "./markdown.ts";
import { countWords, type PassageDraft, splitPassages } from "./passages.ts";
import {
  charsetOfHtml,
  decodeText,
  type Format,
  formatOfName,
  formatOfText,
  textFormat,
} from "./sniff.ts";
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
  /** It is HTML of an article and nothing else, as feeds have it. */
  article?: boolean;
}

/** A document ready to be stored. */
export interface Digest {
  format: Format;
  title: string;
  /** Hex SHA-256 of the extracted text. */
  contentHash: string;
  passages: PassageDraft[];
  words: number;
}

/** Data written as text, as pictures and signatures are: no script without spaces is made of these. */
const BLOB = /[\w+/=-]{500,}/g;

/**
 * Makes text of the bytes of a text, Markdown or HTML, and passages of the text.
 * @throws ReadError `binary`, `empty` or `no-text`
 */
export function digest(raw: RawDocument): Digest {
  const { source, bytes } = raw;
  const named = textFormat(raw.format ?? formatOfName(raw.name));
  const charset = raw.charset ?? (named === "html" ? charsetOfHtml(bytes) : undefined);
  const text = decodeText(bytes, source, charset).replace(/^\ufeff/, "");
  if (text.trim() === "") {
    throw new ReadError("empty", source, `${source} is empty: there is nothing in it to learn.`);
  }
  return digestOf(raw, extract(text, named ?? formatOfText(text), raw.article));
}

/**
 * Makes passages of what a document was understood to say.
 * @param advice what to do where there is no text
 * @throws ReadError `no-text`
 */
export function digestOf(
  raw: Pick<RawDocument, "source" | "name" | "title">,
  extracted: Extracted,
  advice = "if it is a page that fills itself in by script, save its text and give that",
): Digest {
  const { source } = raw;
  const { format } = extracted;
  const blocks = extracted.blocks
    .map((block) => ({ ...block, text: block.text.replace(BLOB, "").trim() }))
    .filter(({ text }) => text !== "");
  const title = raw.title?.trim() || extracted.title || titleOfName(raw.name);
  const passages = splitPassages(title, blocks);
  if (passages.length === 0) {
    throw new ReadError("no-text", source, `${source} has no text to learn: ${advice}.`);
  }
  const text = blocksToText(blocks);
  return { format, title, contentHash: sha256(text), passages, words: countWords(text) };
}

function extract(text: string, format: "text" | "markdown" | "html", article = false): Extracted {
  if (format === "html") return article ? extractArticle(text) : extractHtml(text);
  return format === "markdown" ? extractMarkdown(text) : extractText(text);
}

/** `/notes/on_ships-2.md` is called `on ships 2`. */
function titleOfName(name: string): string {
  const last = name.split(/[/\\]/).filter(Boolean).at(-1) ?? name;
  const words = last.replace(/\.[a-z0-9]{1,8}$/i, "").replace(/[_-]+/g, " ");
  return words.trim() || name;
}
