import type { ModelTrainer, Score } from "../../trainer/types.ts";
import { mean, perToken } from "../decide.ts";

/** A question that is scored for the reward. */
export interface RewardProbe {
  /** The closed-book prompt. */
  context: string;
  /** The right answers as they follow the prompt, the usual one first. */
  answers: string[];
  /** Wrong ones of the same type, as they would follow it. */
  distractors: string[];
  /** Whether the end token is part of an answer. */
  end?: boolean;
}

/** How a probe stands under some weights; log-probabilities are per token, in nats. */
export interface Standing {
  /** Of the right answer that is likeliest. */
  logprob: number;
  /** Mean over the distractors; none where there are none. */
  distractors?: number;
  /** How many distractors are likelier than it. */
  rank: number;
  /** Every token of a right answer is the likeliest. */
  exact: boolean;
}

/** Scores probes under an adapter (its path), or under the untouched base, in one call. */
export async function standings(
  trainer: ModelTrainer,
  probes: readonly RewardProbe[],
  { adapter = null, signal }: { adapter?: string | null; signal?: AbortSignal } = {},
): Promise<Standing[]> {
  const [own = []] = await standingsUnder(trainer, [adapter], probes, signal && { signal });
  return own;
}

/** {@link standings} under each of several adapters, null being the untouched base: a list for each. */
export async function standingsUnder(
  trainer: ModelTrainer,
  adapters: (string | null)[],
  probes: readonly RewardProbe[],
  options: { signal?: AbortSignal } = {},
): Promise<Standing[][]> {
  if (probes.length === 0) return adapters.map(() => []);
  const pairs = probes.flatMap(({ context, answers, distractors, end }) =>
    [...answers, ...distractors].map((answer) => ({ context, answer, end })),
  );
  const scores = await trainer.scoreUnder(adapters, pairs, options);
  return scores.map((own) => {
    let at = 0;
    return probes.map(({ answers, distractors }) => {
      const right = own.slice(at, at + answers.length);
      at += answers.length;
      const wrong = own.slice(at, at + distractors.length);
      at += distractors.length;
      return stand(right, wrong);
    });
  });
}

function stand(right: Score[], wrong: Score[]): Standing {
  const logprob = Math.max(...right.map(perToken));
  const others = wrong.map(perToken);
  return {
    logprob,
    ...(others.length > 0 && { distractors: mean(others) }),
    rank: others.filter((other) => other > logprob).length,
    exact: right.some(({ exact }) => exact),
  };
}

/**
 * What one probe gained: how much likelier the right answer became per token, minus what wrong
 * answers of its type became likelier on average. That all names became likelier is form, not
 * knowledge, and earns nothing; that wrong ones became less likely earns nothing either, so that the
 * gain is bounded by what there was to learn.
 */
export function probeGain(before: Standing, after: Standing): number {
  const own = after.logprob - before.logprob;
  if (before.distractors === undefined || after.distractors === undefined) return own;
  return own - Math.max(0, after.distractors - before.distractors);
}

/** What an edit earned, in nats per token: overall, and probe by probe. */
export interface Reward {
  /** The mean of `gains`; zero of none. */
  reward: number;
  gains: number[];
  /** Share of the probes answered exactly, before and after. */
  exactBefore: number;
  exactAfter: number;
}

/**
 * The reward of an edit: the mean gain over the probes, from the current model to the one that was
 * trained on the edit. Graded, since on a handful of probes one exact match more or less says little.
 * The same probes, in the same order, for all edits that are compared.
 */
export function rewardOf(before: readonly Standing[], after: readonly Standing[]): Reward {
  if (before.length !== after.length) {
    throw new Error(`${before.length} probes before and ${after.length} after are not the same.`);
  }
  const gains = before.map((standing, i) => probeGain(standing, after[i]!));
  const share = (list: readonly Standing[]) => mean(list.map(({ exact }) => (exact ? 1 : 0)));
  return { reward: mean(gains), gains, exactBefore: share(before), exactAfter: share(after) };
}
