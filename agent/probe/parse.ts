/** A question with a short answer. */
export interface QuestionAnswer {
  question: string;
  answer: string;
}

const LENGTHS = { question: { min: 8, max: 240 }, answer: { min: 1, max: 80 } } as const;
const MAX_ANSWER_WORDS = 10;

/** "3. ", "- ", "**": what lists put before an item. */
const BULLET = /^(?:[-*•·]|\d{1,2}[.)])\s+/u;
const QUESTION = /^(?:question|q)\s*\d*\s*[:.)]\s*(.*)$/iu;
const ANSWER = /^(?:answer|a)\s*\d*\s*[:.)]\s*(.*)$/iu;
/** Question and answer on one line, with the answer's label or just a question mark between them. */
const ONE_LINE = /^(.*\?)\s*(?:\(?\s*(?:answer|a)\s*[:.]\s*|[-–—]\s+|→\s*)?(.+?)\)?$/iu;

/**
 * Reads question-answer pairs out of what a model wrote. The form asked for is `Question: …` and
 * `Answer: …` on two lines; numbering, bullets, bold type, short labels, missing labels and
 * one-line pairs are understood as well. What is cut short or too long is left out.
 */
export function parseQuestions(text: string): QuestionAnswer[] {
  const pairs: QuestionAnswer[] = [];
  let question: string | undefined;
  for (const raw of text.split("\n")) {
    const line = raw
      .replace(/\*\*|__|`/g, "")
      .trim()
      .replace(BULLET, "")
      .trim();
    if (line === "") continue;
    const answered = ANSWER.exec(line)?.[1];
    if (answered !== undefined) {
      keep(pairs, question, answered);
      question = undefined;
      continue;
    }
    const labelled = QUESTION.exec(line)?.[1];
    const asked = labelled ?? line;
    const whole = ONE_LINE.exec(asked);
    if (whole) {
      keep(pairs, whole[1], whole[2]);
      question = undefined;
    } else if (labelled !== undefined || asked.endsWith("?")) {
      question = asked;
    } else {
      keep(pairs, question, line);
      question = undefined;
    }
  }
  return pairs;
}

function keep(pairs: QuestionAnswer[], question: string | undefined, answer: string | undefined) {
  const asked = question?.trim() ?? "";
  const said = cleanAnswer(answer ?? "");
  if (!within(asked, LENGTHS.question) || !within(said, LENGTHS.answer)) return;
  if (asked.split(/\s+/).length < 3 || said.split(/\s+/).length > MAX_ANSWER_WORDS) return;
  pairs.push({ question: asked, answer: said });
}

function cleanAnswer(answer: string): string {
  return answer
    .trim()
    .replace(/^(["'“‘])(.*)["'”’]$/u, "$2")
    .replace(/(?<=[\p{L}\p{N})%])[.;,]$/u, "")
    .trim();
}

function within(text: string, { min, max }: { min: number; max: number }): boolean {
  return text.length >= min && text.length <= max;
}
