import { random, seedFor } from "../../trainer/random.ts";
import { clozeProbes } from "../probe/cloze.ts";
import type { PassageText } from "../prompts.ts";
import { splitSentences } from "../read/sentences.ts";
import { distinct, pairLine } from "./lines.ts";

/** A clause shorter than this is no statement. */
const MIN_CLAUSE_WORDS = 5;
/** Share of the lines beyond the plain sentences that one edit takes. */
const EXTRA_SHARE = 0.75;
/** Lines of one edit at most: a long passage is in the study rows whole, anyway. */
const MAX_LINES = 40;

const CLAUSE_END = /;\s+|,\s+(?=(?:and|but|while|which|who|where|when|after|before|because)\b)/u;
const PRONOUN = /^(?:It|He|She|They|This|These)\b(?!['’])/u;

/**
 * Study lines made by rule, for text that the model cannot write about: the passage's sentences,
 * and beside them, in every edit others, windows of two sentences, sentences whose pronoun is
 * replaced by the title, clauses, and blanks as questions. The order is the edit's own, too.
 */
export function sentenceEdit(passage: PassageText, ordinal: number, seed: number): string[] {
  const next = random(seedFor(seed, `sentences ${ordinal}`));
  const sentences = splitSentences(passage.text);
  const forms = [
    [blanks(passage), windows(sentences)],
    [blanks(passage), resolved(passage.title, sentences)],
    [blanks(passage), clauses(sentences)],
  ];
  const extra = (forms[ordinal % forms.length] ?? []).flat().filter(() => next() < EXTRA_SHARE);
  return shuffle(distinct([...sentences, ...extra]).slice(0, MAX_LINES), next);
}

function windows(sentences: string[]): string[] {
  return sentences.slice(1).map((sentence, i) => `${sentences[i]} ${sentence}`);
}

function resolved(title: string, sentences: string[]): string[] {
  return sentences
    .filter((sentence) => PRONOUN.test(sentence))
    .map((sentence) => sentence.replace(PRONOUN, title));
}

function clauses(sentences: string[]): string[] {
  return sentences.flatMap((sentence) => {
    const parts = sentence.split(CLAUSE_END);
    return parts.length < 2
      ? []
      : parts.filter((part) => part.split(/\s+/).length >= MIN_CLAUSE_WORDS);
  });
}

/** The passage's blanks as questions: in this form, answers are asked for later. */
function blanks(passage: PassageText): string[] {
  return clozeProbes(passage).map(pairLine);
}

function shuffle<T>(items: T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
