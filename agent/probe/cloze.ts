import type { PassageText } from "../prompts.ts";
import { studyLine } from "../prompts.ts";
import { splitSentences } from "../read/sentences.ts";
import { containsAnswer, normaliseAnswer } from "./answers.ts";
import { inTurn, type ProbeDraft } from "./split.ts";

/** How a blank is shown to people. */
export const BLANK = "____";
/** Words that must stand before a blank, or nothing points to what is missing. */
const MIN_PREFIX_WORDS = 3;
const MAX_ANSWER_WORDS = 6;
/** With fewer probes than this from names, numbers and dates, long words are blanked too. */
const ENOUGH = 4;

const MONTH =
  "(?:January|February|March|April|May|June|July|August|September|October|November|December)";
const CAPITALISED = "\\p{Lu}[\\p{L}\\p{M}'’.-]*[\\p{L}\\p{M}]";
const DATE = new RegExp(`\\d{1,2} ${MONTH}(?: \\d{4})?|${MONTH} \\d{1,2}(?:, \\d{4})?`, "gu");
const NUMBER = /\p{N}+(?:[.,]\p{N}+)*/gu;
const NAME = new RegExp(
  `${CAPITALISED}(?:(?: (?:of|de|la|van|von|the))* (?:${CAPITALISED}|\\p{N}+(?![.,–-]?\\p{N})))*`,
  "gu",
);
const LONG_WORD = /\p{Ll}{7,}/gu;

interface Span {
  start: number;
  end: number;
}

/**
 * Probes made by rule for text that the model cannot question: a name, number or date of a
 * sentence is blanked, and answered by continuing the study line up to the blank. Blanks of one
 * sentence count as one fact, and no answer is asked for twice.
 */
export function clozeProbes(passage: PassageText): ProbeDraft[] {
  const sentences = splitSentences(passage.text);
  const drafts = draftsFor(passage, sentences, [DATE, NAME, NUMBER]);
  return drafts.length >= ENOUGH
    ? drafts
    : draftsFor(passage, sentences, [DATE, NAME, NUMBER, LONG_WORD]);
}

function draftsFor(passage: PassageText, sentences: string[], patterns: RegExp[]): ProbeDraft[] {
  const bySentence = sentences.map((sentence, index) =>
    spansOf(sentence, patterns)
      .map((span) => draftAt(passage, sentence, span, String(index)))
      .filter((draft) => draft !== undefined),
  );
  const seen = new Set<string>();
  return inTurn(bySentence).filter((draft) => {
    const answer = normaliseAnswer(draft.answer);
    if (seen.has(answer)) return false;
    seen.add(answer);
    return true;
  });
}

/** What can be blanked in a sentence: an earlier pattern wins where two overlap. */
function spansOf(sentence: string, patterns: RegExp[]): Span[] {
  const spans: Span[] = [];
  for (const pattern of patterns) {
    for (const match of sentence.matchAll(pattern)) {
      const text = match[0].replace(/['’]s?$/u, "");
      const span = { start: match.index, end: match.index + text.length };
      if (!spans.some((other) => other.start < span.end && span.start < other.end)) {
        spans.push(span);
      }
    }
  }
  return spans;
}

function draftAt(
  passage: PassageText,
  sentence: string,
  { start, end }: Span,
  fact: string,
): ProbeDraft | undefined {
  const before = sentence.slice(0, start);
  const answer = sentence.slice(start, end);
  const prefix = before.trimEnd();
  // The answer is scored as " answer": only then is it tokenized as in the sentence.
  if (!before.endsWith(" ") || prefix.split(/\s+/).length < MIN_PREFIX_WORDS) return undefined;
  if (answer.split(/\s+/).length > MAX_ANSWER_WORDS) return undefined;
  const question = `${before}${BLANK}${sentence.slice(end)}`;
  if (containsAnswer(question, answer) || containsAnswer(passage.title, answer)) return undefined;
  return { kind: "cloze", question, prompt: studyLine(passage.title, prefix), answer, fact };
}
