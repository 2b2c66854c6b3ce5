import type { NewBelief } from "../../db/measurements.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import type { TextGenerator } from "../generator/types.ts";
import { sameAnswer } from "../probe/answers.ts";
import { answerText } from "../prompts.ts";

/** A question that was not answered as it should be. */
export interface Doubt {
  probeId?: number;
  controlId?: number;
  prompt: string;
  question: string;
  answer: string;
  /** Whether the end token is part of an answer. */
  end: boolean;
}

/** An answer is believed that has at least this probability, as a whole. */
const BELIEVED = 0.5;
const ANSWER_TOKENS = 32;

/**
 * Of questions that are not answered right, those that are now answered wrongly with confidence, and
 * were not by the untouched base: what learning has made it believe. What it says is what it writes
 * greedily; how sure it is, that text's probability.
 */
export async function findBeliefs(
  models: { trainer(): Promise<ModelTrainer>; generator(): Promise<TextGenerator> },
  doubts: Doubt[],
  { version, adapter, signal }: { version: number; adapter?: string; signal?: AbortSignal },
): Promise<NewBelief[]> {
  if (doubts.length === 0 || adapter === undefined) return [];
  const options = signal && { signal };
  const requests = doubts.map(({ prompt }) => ({
    prompt,
    adapter,
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    stop: ["\n"],
  }));
  const said = await (await models.generator()).generate(requests, options);
  const wrong = doubts
    .map((doubt, i) => ({ ...doubt, said: said[i]!.trim() }))
    .filter((it) => it.said !== "" && !sameAnswer(it.said, it.answer));
  if (wrong.length === 0) return [];
  const pairs = wrong.map((it) => ({
    context: it.prompt,
    answer: answerText(it.said),
    end: it.end,
  }));
  const trainer = await models.trainer();
  const [now = [], base = []] = await trainer.scoreUnder([adapter, null], pairs, options);
  return wrong.flatMap(({ probeId, controlId, question, answer, said }, i): NewBelief[] => {
    const probability = Math.exp(now[i]!.logprob);
    const before = Math.exp(base[i]!.logprob);
    if (probability < BELIEVED || before >= BELIEVED) return [];
    const about = { probeId: probeId ?? null, controlId: controlId ?? null };
    return [{ versionId: version, ...about, question, answer, said, probability, before }];
  });
}
