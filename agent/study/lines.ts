import { normaliseAnswer } from "../probe/answers.ts";
import type { QuestionAnswer } from "../probe/parse.ts";
import { questionAnswer } from "../prompts.ts";

const PAIR = /^Question: (.+)\nAnswer: (.+)$/;

/** A question with its answer as one study line. */
export function pairLine({ question, answer }: QuestionAnswer): string {
  return questionAnswer(question, answer);
}

/** The question and answer of a study line, if it is one. */
export function pairOf(line: string): QuestionAnswer | undefined {
  const match = PAIR.exec(line);
  return match ? { question: match[1] as string, answer: match[2] as string } : undefined;
}

/** The lines without those that ask a question of the exam in its own words, be it within a longer one. */
export function withoutExamQuestions(lines: string[], examQuestions: string[]): string[] {
  const exam = [...new Set(examQuestions.map(normaliseAnswer))].filter((it) => it !== "");
  return lines.filter((line) => {
    const pair = pairOf(line);
    const asked = pair && ` ${normaliseAnswer(pair.question)} `;
    return !asked || !exam.some((question) => asked.includes(` ${question} `));
  });
}

/** The lines without repetitions, however they are spelled. */
export function distinct(lines: string[]): string[] {
  const seen = new Set<string>();
  return lines.filter((line) => {
    const key = normaliseAnswer(line);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
