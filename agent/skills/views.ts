import type { SkillAttempt } from "../../db/skills.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import { changed, changedBack, changedPairs, withColours } from "./augment.ts";
import type { Pair } from "./prompts.ts";
import type { Task } from "./task.ts";
import { BASIC, IDENTITY } from "./transforms.ts";

/** A task's examples and what is asked, seen in another way; an answer has a way back. */
export interface View {
  examples: Pair[];
  input: string;
  /** @returns nothing where the answer is none to the task itself */
  back(answer: string): string | undefined;
}

/**
 * Different ways of asking the same: first as it is, then the examples in another order and, of grids,
 * under a symmetry and in other colours.
 */
export function viewsOf(
  { format, train }: Pick<Task, "format" | "train">,
  input: string,
  { count, seed }: { count: number; seed: number },
): View[] {
  const next = random(seedFor(seed, "views"));
  const symmetries = shuffled(BASIC.length + 1, next).map((i) => BASIC[i] ?? IDENTITY);
  const views: View[] = [{ examples: [...train], input, back: asItIs(format) }];
  for (let i = 1; i < count; i++) {
    const order = shuffled(train.length, next);
    const examples = order.map((j) => train[j]!);
    if (format === "text") {
      views.push({ examples, input, back: asItIs(format) });
      continue;
    }
    const change = withColours(symmetries[(i - 1) % symmetries.length]!, next);
    views.push({
      // A symmetry makes no grid larger.
      examples: changedPairs(change, examples)!,
      input: changed(change, input)!,
      back: (answer) => changedBack(change, answer),
    });
  }
  return views;
}

/** Ways in which a test is asked where nothing else is said. */
export const DEFAULT_VIEWS = 8;

/** Attempts at each test, as ARC scores: right is what one of them is. */
export const ATTEMPTS = 2;

/** The answers with most votes, the one that came first among equals. */
export function voted(answers: readonly (string | undefined)[]): SkillAttempt[] {
  const given = answers.filter((answer) => answer !== undefined);
  return [...Map.groupBy(given, (answer) => answer)]
    .map(([output, same]) => ({ output, votes: same.length }))
    .sort((a, b) => b.votes - a.votes)
    .slice(0, ATTEMPTS);
}

function asItIs(format: Task["format"]): View["back"] {
  return (answer) => (format === "text" ? answer : changedBack(IDENTITY, answer));
}
