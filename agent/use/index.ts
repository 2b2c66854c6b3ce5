import type { Database } from "../../db/open.ts";
import { oneLine } from "../ask.ts";
import type { TextGenerator } from "../generator/types.ts";
import { containsAnswer, sameAnswer } from "../probe/answers.ts";
import { type Noted, noteFeedback, type Said } from "./feedback.ts";
import { type Found, lookUp, passageStating } from "./look-up.ts";

export type { Noted } from "./feedback.ts";
export type { Found } from "./look-up.ts";

type Answered = Pick<Said, "question" | "given" | "versionId" | "via">;

/** What the passages say to a question that the weights were asked. */
export interface LookedUp extends Found {
  /** Whether the weights said the same. */
  known: boolean;
  /** What came of it where they did not. */
  noted?: Noted;
}

/**
 * Looks up what the weights were asked. What only a passage could answer becomes a probe of it, and brings it forward.
 * @returns nothing where no passage answers it
 * @throws GeneratorError when the model cannot be asked
 */
export async function learnFromQuestion(
  db: Database,
  generator: TextGenerator,
  answered: Answered,
  options: { signal?: AbortSignal } = {},
): Promise<LookedUp | undefined> {
  const question = oneLine(answered.question);
  const found = await lookUp(db, generator, question, options);
  if (!found) return undefined;
  const { passage, answer } = found;
  const known = sameAnswer(answered.given, answer) || containsAnswer(answered.given, answer);
  if (known) return { ...found, known };
  const said = { ...answered, kind: "question", question, answer } as const;
  return { ...found, known, noted: noteFeedback(db, said, passage) };
}

/** Takes the right answer from a person: it becomes a probe of the passage that states it, or a passage of its own. */
export function correct(db: Database, answered: Answered, right: string): Noted {
  const question = oneLine(answered.question);
  const answer = oneLine(right);
  const said = { ...answered, kind: "correction", question, answer } as const;
  return noteFeedback(db, said, passageStating(db, question, answer));
}

/**
 * Takes it that an answer is wrong, from a person who does not say what is right: a passage may.
 * @throws GeneratorError when the model cannot be asked
 */
export async function markWrong(
  db: Database,
  generator: TextGenerator,
  answered: Answered,
  options: { signal?: AbortSignal } = {},
): Promise<Noted> {
  const question = oneLine(answered.question);
  const found = await lookUp(db, generator, question, options);
  // A passage that says the same is what the person calls wrong.
  const other = found && !sameAnswer(found.answer, answered.given) ? found : undefined;
  const said = { ...answered, kind: "marked", question, answer: other?.answer ?? null } as const;
  return noteFeedback(db, said, other?.passage);
}
