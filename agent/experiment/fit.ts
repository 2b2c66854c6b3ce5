import type { ModelTrainer } from "../../trainer/types.ts";
import { answerText, closedBook } from "../prompts.ts";
import { editPrompt } from "../study/written.ts";
import type { ExperimentConfig } from "./config.ts";
import type { ExperimentData, ExperimentItem } from "./data.ts";

/** Tokens that a writer must have left for an edit. */
const ROOM_TO_WRITE = 64;
/** Begin and end of a sequence. */
const FRAME_TOKENS = 2;

/**
 * The data without what the model cannot read: passages that leave no room to write about them, and
 * questions longer than its context. Each is told among the problems.
 */
export async function keepReadableData(
  trainer: ModelTrainer,
  data: ExperimentData,
  { kinds }: Pick<ExperimentConfig, "kinds">,
): Promise<ExperimentData> {
  const limit = trainer.info.contextLength;
  const problems = [...data.problems];
  const prompts = data.items.flatMap(({ title, context }) =>
    kinds.map((kind) => editPrompt(kind, { title, text: context })),
  );
  const lengths = await trainer.countTokens(prompts);
  const short = data.items.filter(({ number }, i) => {
    const tokens = Math.max(...lengths.slice(i * kinds.length, (i + 1) * kinds.length));
    if (tokens + ROOM_TO_WRITE <= limit) return true;
    problems.push({
      item: number,
      problem: `has a passage of ${tokens} tokens, and the model reads ${limit}: there is no room to write about it`,
    });
    return false;
  });
  const items: ExperimentItem[] = [];
  for (const item of short) {
    const texts = item.questions.map(
      ({ question, answers }) =>
        closedBook(question) +
        answers.map(answerText).reduce((a, b) => (b.length > a.length ? b : a)),
    );
    const tokens = await trainer.countTokens(texts);
    const questions = item.questions.filter((_, j) => {
      if ((tokens[j] ?? 0) + FRAME_TOKENS <= limit) return true;
      const problem = `has ${tokens[j]} tokens with its answer, and the model reads ${limit}`;
      problems.push({ item: item.number, question: j + 1, problem });
      return false;
    });
    if (questions.length > 0) items.push({ ...item, questions });
    else problems.push({ item: item.number, problem: "has no question that can be asked" });
  }
  return { ...data, items, problems };
}
