import type { Block } from "./blocks.ts";
import { textHash } from "./hash.ts";
import { segmentSentences } from "./sentences.ts";

/** A stretch of a document, ready to be stored. */
export interface PassageDraft {
  position: number;
  title: string;
  text: string;
  /** See {@link textHash}. */
  hash: string;
}

/** Sizes of passages, in words. */
const WORDS = {
  /** A passage is closed at the next paragraph once it has so many. */
  enough: 120,
  /** Paragraphs are joined up to here; a longer one is parted between sentences. */
  most: 250,
  /** A paragraph a little longer than `most` is still better left whole. */
  whole: 300,
  /** A new section begins a new passage if the old one has so many. */
  section: 40,
  /** A "sentence" longer than this is none (a table, minified code) and is parted between words. */
  sentence: 600,
} as const;

/** Characters of scripts written without spaces; two of them count as a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

interface Piece {
  text: string;
  words: number;
}

/**
 * Cuts a document into passages of some 120 to 250 words along its paragraphs: short ones are
 * joined, long ones parted between sentences, and a section begins a new passage. What occurs
 * twice is kept once. A passage carries the document's title and that of its section.
 */
export function splitPassages(title: string, blocks: Block[]): PassageDraft[] {
  const drafts: PassageDraft[] = [];
  const seen = new Set<string>();
  let pieces: Piece[] = [];
  /** The heading in force, and the one that was when the open passage began. */
  let section: string | undefined;
  let opened: string | undefined;
  /** A heading has come, and its section has not begun: it is a line of the open passage, if any. */
  let headed = false;

  const words = () => pieces.reduce((sum, piece) => sum + piece.words, 0);
  const close = () => {
    const text = pieces.map((piece) => piece.text).join("\n\n");
    pieces = [];
    if (text === "") return;
    const hash = textHash(text);
    if (seen.has(hash)) return;
    seen.add(hash);
    drafts.push({ position: drafts.length, title: passageTitle(title, opened), text, hash });
  };
  for (const block of blocks) {
    if (block.kind === "heading") {
      if (words() >= WORDS.section) close();
      section = block.text;
      headed = true;
      continue;
    }
    for (const piece of parts(block.text)) {
      if (words() >= WORDS.enough || words() + piece.words > WORDS.most) close();
      if (pieces.length === 0) opened = section;
      else if (headed) pieces.push(measure(section!));
      headed = false;
      pieces.push(piece);
    }
  }
  close();
  return drafts;
}

/** How many words a text has, counting unspaced scripts by their characters. */
export function countWords(text: string): number {
  const unspaced = text.match(UNSPACED)?.length ?? 0;
  const spaced = (unspaced > 0 ? text.replace(UNSPACED, " ") : text).match(/\S+/g)?.length ?? 0;
  return spaced + Math.ceil(unspaced / 2);
}

function measure(text: string): Piece {
  return { text, words: countWords(text) };
}

/** A paragraph as it is, or in parts of about the same length, cut between sentences. */
function parts(text: string): Piece[] {
  const whole = measure(text);
  if (whole.words <= WORDS.whole) return [whole];
  const sentences = segmentSentences(text).flatMap(boundedSentence);
  // Equal shares, so that no short rest is left over.
  const share = whole.words / Math.ceil(whole.words / WORDS.most);
  const pieces: Piece[] = [];
  let open = "";
  let words = 0;
  let total = 0;
  for (const sentence of sentences) {
    const length = countWords(sentence);
    // Cut before the sentence that would lead further beyond the share than it is short of it.
    const overshoot = total + length - share * (pieces.length + 1);
    const missing = share * (pieces.length + 1) - total;
    if (words > 0 && (overshoot > missing || words + length > WORDS.whole)) {
      pieces.push({ text: open.trim(), words });
      open = "";
      words = 0;
    }
    open += sentence;
    words += length;
    total += length;
  }
  if (open.trim() !== "") pieces.push({ text: open.trim(), words });
  return pieces;
}

function boundedSentence(sentence: string): string[] {
  if (countWords(sentence) <= WORDS.sentence) return [sentence];
  const chunks: string[] = [];
  let chunk = "";
  let words = 0;
  // Between words, or by characters where there are no spaces to cut at.
  for (const token of sentence.match(/\S{1,400}\s*/g) ?? []) {
    if (words >= WORDS.most || chunk.length >= WORDS.most * 10) {
      chunks.push(chunk);
      chunk = "";
      words = 0;
    }
    chunk += token;
    words += countWords(token);
  }
  return [...chunks, chunk];
}

function passageTitle(title: string, section: string | undefined): string {
  return section && section !== title ? `${title}: ${section}` : title;
}
