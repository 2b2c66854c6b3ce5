import nlp from "compromise";

/** A word, a number, or a run of both; hyphens and dashes part words. */
const WORD = /[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}'’.,]*[\p{L}\p{M}\p{N}])?/gu;
/** What follows this begins a sentence. */
const SENTENCE_END = /(^|[.?!:]["'”’)]?\s+|\n\s*|["“(]\s*)$/u;

/** The words of a text in the form in which {@link foreignNames} compares them. */
export function vocabularyOf(...texts: string[]): Set<string> {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORD)) words.add(plain(word));
  }
  return words;
}

/**
 * The names and numbers of a text that a vocabulary does not have: what a small model miscopied
 * or made up. The first word of a sentence counts only if it is no ordinary English word.
 */
export function foreignNames(text: string, vocabulary: Set<string>): string[] {
  const foreign: string[] = [];
  for (const match of text.matchAll(WORD)) {
    const word = match[0];
    if (vocabulary.has(plain(word))) continue;
    const isName = /^\p{Lu}/u.test(word) && word !== "I";
    if (!isName && !/\p{N}/u.test(word)) continue;
    if (isName && beginsSentence(text, match.index) && isOrdinary(word)) continue;
    foreign.push(word);
  }
  return foreign;
}

/** The names of a text, each once, the longest first: the longer, the rarer. */
export function namesIn(text: string): string[] {
  const names = foreignNames(text, new Set())
    .filter((word) => /^\p{Lu}/u.test(word))
    .map((word) => word.replace(/['’]s$/u, ""));
  return [...new Set(names)].sort((a, b) => b.length - a.length);
}

/** Whether an English word can begin a sentence without being a name. */
export function isOrdinary(word: string): boolean {
  const lower = word.toLowerCase();
  const tags = tagsOf(lower);
  if (NAME_TAGS.some((tag) => tags.has(tag))) return false;
  // Unknown words are guessed to be singular nouns; names are unknown words.
  return !(tags.has("Noun") && tags.has("Singular")) || isKnown(lower) || /ing$/.test(lower);
}

const NAME_TAGS = ["ProperNoun", "Person", "Place", "Organization", "FirstName", "LastName"];

function tagsOf(word: string): Set<string> {
  const [sentence] = nlp(word).json() as { terms: { tags: string[] }[] }[];
  return new Set(sentence?.terms.flatMap((term) => term.tags) ?? []);
}

function isKnown(word: string): boolean {
  const model = nlp.model() as { one: { lexicon: Record<string, unknown> } };
  return Object.hasOwn(model.one.lexicon, word);
}

function beginsSentence(text: string, index: number): boolean {
  return SENTENCE_END.test(text.slice(Math.max(0, index - 8), index));
}

function plain(word: string): string {
  return word
    .normalize("NFKC")
    .toLowerCase()
    .replace(/['’]s$/u, "")
    .replace(/(\d),(?=\d)/g, "$1");
}
