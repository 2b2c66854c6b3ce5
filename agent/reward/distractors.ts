import { random, seedFor, shuffled } from "../../trainer/random.ts";
import { normaliseAnswer } from "../probe/answers.ts";
import { type AnswerType, answerType } from "./shape.ts";

/** Distractors of one probe. */
export const DISTRACTORS = 4;

/** A question's right answers. */
export interface Answered {
  /** All that count as right, the usual one first. */
  answers: string[];
}

/**
 * Wrong answers for each question, of the same type as the right one: first what other questions
 * about the same passage are answered with (an edit may teach the names and not who is who), then
 * answers from elsewhere, then numbers near the right one. Never one that counts as right, or
 * contains it or is contained in it, and none twice. There may be fewer than `count`.
 * @param elsewhere answers to questions about other passages
 */
export function chooseDistractors(
  questions: readonly Answered[],
  elsewhere: readonly string[],
  { seed, count = DISTRACTORS }: { seed: number; count?: number },
): string[][] {
  const byType = Map.groupBy(elsewhere, answerType);
  return questions.map((question, i) => {
    const [answer = ""] = question.answers;
    const type = answerType(answer);
    const next = random(seedFor(seed, `distractors ${i} ${answer}`));
    const shuffle = (list: readonly string[]) => shuffled(list.length, next).map((j) => list[j]!);
    const siblings = questions
      .map(({ answers: [other = ""] }) => other)
      .filter((other) => other !== answer && answerType(other) === type);
    return distinctFrom(question.answers, [
      ...shuffle(siblings).slice(0, Math.ceil(count / 2)),
      ...shuffle(byType.get(type) ?? []).slice(0, 16 * count),
      ...shuffle(siblings),
      ...shuffle(near(answer, type)),
    ]).slice(0, count);
  });
}

/** Candidates that say something else than every right answer, each once. */
function distinctFrom(answers: readonly string[], candidates: string[]): string[] {
  const right = answers.map(normaliseAnswer);
  const seen = new Set<string>();
  return candidates.filter((candidate) => {
    const said = normaliseAnswer(candidate);
    if (said === "" || seen.has(said) || right.some((it) => overlaps(it, said))) return false;
    seen.add(said);
    return true;
  });
}

/** “Port Varnel” is no wrong answer where “Varnel” is right. */
function overlaps(a: string, b: string): boolean {
  return ` ${a} `.includes(` ${b} `) || ` ${b} `.includes(` ${a} `);
}

/** Other numbers of the same look, for years, numbers, measures and dates. */
function near(answer: string, type: AnswerType): string[] {
  if (type === "name" || type === "words") return [];
  const match = /\d+/.exec(answer);
  if (!match) return [];
  const value = Number(match[0]);
  if (!Number.isSafeInteger(value)) return [];
  const steps = type === "year" ? [-23, -11, -7, -4, 3, 6, 12, 19] : [-9, -5, -3, -2, 2, 4, 7, 11];
  return steps
    .map((step) => value + step)
    .filter((other) => other > 0 && String(other).length === match[0].length)
    .map((other) => answer.replace(match[0], String(other)));
}
