import { correct, markWrong } from "../../agent/use/index.ts";
import { type Answer, changeAnswer, type Turn } from "../../db/conversations.ts";
import type { Site } from "../site.ts";
import type { Watching } from "./turn.ts";

/**
 * Takes it from a person that an answer is wrong, and what is right where they say so.
 * @returns what comes of it, in a sentence
 */
export async function correctAnswer(
  { instance }: Site,
  { id, question, text: given, versionId }: Answer & Pick<Turn, "question">,
  { right, via, signal }: Pick<Watching, "via" | "signal"> & { right: string },
): Promise<string> {
  const { db } = instance;
  const answered = { question, given, versionId, via };
  const { feedback, message } =
    right !== ""
      ? correct(db, answered, right)
      : await markWrong(db, await instance.runtime().context.generator(), answered, { signal });
  changeAnswer(db, id, { feedbackId: feedback.id });
  return message;
}
