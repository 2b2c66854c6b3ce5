import type { Probe } from "../../db/probes.ts";
import type { ProbeScore } from "../../db/scores.ts";
import type { ModelTrainer, ScorePair } from "../../trainer/types.ts";
import { answerText } from "../prompts.ts";
import type { RewardProbe } from "../reward/reward.ts";

/**
 * How a probe is scored. The embedded model ends its answers, so there the end token is part of a
 * written one. Other models may go on in a new line: counting their end token would measure the
 * form of an answer, not whether it is known. A cloze stands in the middle of a sentence.
 */
export function probePair(
  probe: Pick<Probe, "kind" | "prompt" | "answer">,
  model: { embedded: boolean },
): ScorePair {
  return {
    context: probe.prompt,
    answer: answerText(probe.answer),
    end: model.embedded && probe.kind === "written",
  };
}

/** Scores probes under one adapter (a path), or under the untouched base, in one call. */
export async function scoreProbes(
  trainer: ModelTrainer,
  probes: Probe[],
  model: { embedded: boolean },
  { adapter = null, signal }: { adapter?: string | null; signal?: AbortSignal },
): Promise<ProbeScore[]> {
  const [scores = []] = await scoreProbesUnder(trainer, probes, model, [adapter], signal);
  return scores;
}

/** The same under each of several adapters, null being the untouched base. */
export async function scoreProbesUnder(
  trainer: ModelTrainer,
  probes: Probe[],
  model: { embedded: boolean },
  adapters: (string | null)[],
  signal?: AbortSignal,
): Promise<ProbeScore[][]> {
  const pairs = probes.map((probe) => probePair(probe, model));
  const scores = await trainer.scoreUnder(adapters, pairs, signal ? { signal } : {});
  return scores.map((own) => probes.map(({ id }, i) => ({ probeId: id, ...own[i]! })));
}

/** A probe as the reward sees it, beside wrong answers of its type. */
export function rewardProbe(
  probe: Pick<Probe, "kind" | "prompt" | "answer" | "distractors">,
  model: { embedded: boolean },
): RewardProbe {
  const { context, answer, end } = probePair(probe, model);
  return { context, answers: [answer], distractors: probe.distractors.map(answerText), end };
}
