import type { SkillAttempt, TrialScore } from "../../db/skills.ts";
import type { ModelTrainer, ScorePair } from "../../trainer/types.ts";
import { mean, perToken } from "../decide.ts";
import type { TextGenerator } from "../generator/types.ts";
import { Lengths } from "./lengths.ts";
import { OUTPUT_END, outputText } from "./prompts.ts";
import type { Task } from "./task.ts";
import { viewsOf, voted } from "./views.ts";

/**
 * Scores the outputs that are known, after the task's examples, under each of several adapters (null: the
 * untouched base), in one call.
 * @throws TrainerError
 */
export async function scoreTask(
  trainer: ModelTrainer,
  { train, test }: Pick<Task, "train" | "test">,
  adapters: (string | null)[],
  signal: AbortSignal,
): Promise<TrialScore[]> {
  const known = test.flatMap(({ input, output }) => (output === null ? [] : [{ input, output }]));
  const lengths = await Lengths.of(trainer, [...train, ...known]);
  const pairs = known.map(({ input, output }): ScorePair => {
    const context = lengths.prompt(train, input);
    return { context, answer: outputText(output), end: false };
  });
  const scores = await trainer.scoreUnder(adapters, pairs, { signal });
  return scores.map((own) => ({
    exact: mean(own.map(({ exact }) => (exact ? 1 : 0))),
    logprob: mean(own.map(perToken)),
  }));
}

/**
 * Lets a model answer every test in several views, and takes the answers back and counts them.
 * @returns for each test its attempts, the best first; none where no answer could be read
 * @throws TrainerError, GeneratorError
 */
export async function attemptTask(
  { trainer, generator }: { trainer: ModelTrainer; generator: TextGenerator },
  { format, train, test }: Task,
  options: { adapter: string | null; views: number; seed: number; signal: AbortSignal },
): Promise<SkillAttempt[][]> {
  const { adapter, views: count, seed, signal } = options;
  const asked = test.map(({ input }) => viewsOf({ format, train }, input, { count, seed }));
  const views = asked.flat();
  const inputs = views.map(({ input }) => input);
  const lengths = await Lengths.of(
    trainer,
    views.flatMap(({ examples }) => examples),
    inputs,
  );
  const requests = views.map(({ examples, input }) => ({
    prompt: lengths.prompt(examples, input),
    maxTokens: lengths.answer(examples),
    temperature: 0,
    stop: [OUTPUT_END],
    ...(adapter !== null && { adapter }),
  }));
  const answers = await generator.generate(requests, { signal });
  const back = views.map((view, i) => view.back(answers[i]!));
  return asked.map((own, i) => voted(back.slice(i * count, i * count + own.length)));
}
