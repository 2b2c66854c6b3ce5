const ARTICLES = /\b(a|an|the)\b/g;
const PUNCTUATION = /[\p{P}\p{S}]/gu;

/**
 * The form in which answers are compared: SQuAD's (lower case; no punctuation, articles or double
 * spaces), over Unicode. An answer that has nothing else keeps what it has.
 */
export function normaliseAnswer(text: string): string {
  const plain = text.normalize("NFKC").toLowerCase();
  const bare = squeeze(plain.replace(PUNCTUATION, "").replace(ARTICLES, " "));
  return bare === "" ? squeeze(plain) : bare;
}

/** Whether two answers say the same. */
export function sameAnswer(a: string, b: string): boolean {
  return normaliseAnswer(a) === normaliseAnswer(b);
}

/** Whether a text contains an answer, word for word. */
export function containsAnswer(text: string, answer: string): boolean {
  const wanted = normaliseAnswer(answer);
  return wanted !== "" && ` ${normaliseAnswer(text)} `.includes(` ${wanted} `);
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
