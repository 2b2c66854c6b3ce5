/** The next word after these belongs to the same sentence, whatever its first letter. */
const ABBREVIATIONS = new Set(
  (
    "mr mrs ms mx dr prof st mt ft sr rev hon gov sen rep pres gen col lt sgt capt cmdr adm maj " +
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur fri sat sun " +
    "vs cf ca approx no nos vol pp fig figs eq ed eds al e.g i.e viz dept univ assn ave blvd"
  ).split(" "),
);

const LAST_WORD = /(?:^|[\s([{"'“‘])([\p{L}.]+)\.["'”’)\]]*\s*$/u;
/** One capital, or capitals with points between them: an initial, or "U.S". */
const INITIALS = /^\p{Lu}(?:\.\p{Lu})*$/u;
const LOWER_CASE = /^\s*\p{Ll}/u;
/** After initials, these words begin a sentence of their own; other names do not. */
const BEGINNINGS =
  /^\s*(?:The|A|An|It|Its|He|She|They|We|You|I|This|That|These|Those|In|On|At|By|For|From|But|And|Or|If|As|When|While|After|Before|However|Although|There|His|Her|Their|Our|My|To|With|What|Who|How|Why|Where|Is|Was|Are|Were|Some|Many|Most|All|Both|No|Not|So|Then|Thus|Since|During|Under|Later|Today)\b/u;

const segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });

/**
 * The sentences of a text, each with the white space that follows it: joined they are the text.
 * A line break ends a sentence. "Dr.", "Jan." and initials do not.
 */
export function segmentSentences(text: string): string[] {
  const sentences: string[] = [];
  let open = "";
  for (const { segment } of segmenter.segment(text)) {
    // An abbreviation holds a sentence open only if more of the same line follows.
    if (open && !(segment.trim() === "" || continues(open, segment))) {
      sentences.push(open);
      open = "";
    }
    open += segment;
  }
  if (open) sentences.push(open);
  return sentences;
}

/** The sentences of a text, trimmed; none is empty. */
export function splitSentences(text: string): string[] {
  return segmentSentences(text)
    .map((sentence) => sentence.trim())
    .filter(Boolean);
}

function continues(sentence: string, next: string): boolean {
  if (/\n\s*$/.test(sentence)) return false;
  if (LOWER_CASE.test(next)) return true;
  const word = LAST_WORD.exec(sentence)?.[1];
  if (!word) return false;
  // "No." is also an answer: only a number after it says otherwise.
  if (word.toLowerCase() === "no") return /^\s*\d/.test(next);
  if (ABBREVIATIONS.has(word.toLowerCase())) return true;
  return INITIALS.test(word) && /^\s*\p{Lu}/u.test(next) && !BEGINNINGS.test(next);
}
