import type { PromptKind } from "../../db/candidates.ts";
import { normal, random, seedFor } from "../../trainer/random.ts";
import { mean } from "../decide.ts";
import type { LearnerSettings } from "../settings.ts";

/**
 * How the kinds of a passage's edits are chosen:
 * - `turns`: its candidates take the kinds in turn
 * - `passage`: all of its candidates have one kind, the next passage's another, as where kinds are compared
 * - `thompson`: kinds that earned more are taken more often
 */
export const KIND_CHOICES = ["turns", "passage", "thompson"] as const;
export type KindChoice = (typeof KIND_CHOICES)[number];

/** What an edit of a kind has earned. */
export interface KindReward {
  kind: PromptKind;
  reward: number;
}

type KindSettings = Pick<LearnerSettings, "candidates" | "editKinds" | "kindChoice">;

/** The kinds of a passage's candidates; `earned` is asked only where the choice depends on it. */
export function chooseKinds(
  settings: KindSettings,
  passage: { id: number; seed: number },
  earned: () => KindReward[],
): PromptKind[] {
  const { candidates, editKinds, kindChoice } = settings;
  if (editKinds.length === 0) return [];
  if (kindChoice === "turns") return kindsInTurn(settings);
  if (kindChoice === "thompson") return thompson(editKinds, candidates, earned(), passage.seed);
  return Array(candidates).fill(editKinds[passage.id % editKinds.length]);
}

export function kindsInTurn({
  candidates,
  editKinds,
}: Pick<KindSettings, "candidates" | "editKinds">): PromptKind[] {
  if (editKinds.length === 0) return [];
  return Array.from({ length: candidates }, (_, i) => editKinds[i % editKinds.length]!);
}

/**
 * Thompson sampling (Thompson 1933; Agrawal & Goyal, arXiv 1209.3353): for every candidate, each kind's
 * mean reward is drawn from what is believed of it, and the kind with the highest draw is taken. The
 * belief is normal: one imagined reward at the mean of all kinds, with the spread of all rewards.
 */
export function thompson(
  kinds: readonly PromptKind[],
  count: number,
  earned: KindReward[],
  seed: number,
): PromptKind[] {
  const rewards = earned.map(({ reward }) => reward);
  const overall = mean(rewards);
  const spread = rewards.length < 2 ? 1 : Math.sqrt(variance(rewards, overall));
  const beliefs = kinds.map((kind) => {
    const own = earned.filter((it) => it.kind === kind).map(({ reward }) => reward);
    const n = own.length + 1;
    return {
      mean: (own.reduce((sum, it) => sum + it, 0) + overall) / n,
      deviation: spread / Math.sqrt(n),
    };
  });
  const next = random(seedFor(seed, "kinds"));
  return Array.from({ length: count }, () => {
    const noise = normal(kinds.length, 1, next);
    const draws = beliefs.map((belief, i) => belief.mean + belief.deviation * noise[i]!);
    return kinds[draws.indexOf(Math.max(...draws))]!;
  });
}

function variance(values: number[], around: number): number {
  return values.reduce((sum, value) => sum + (value - around) ** 2, 0) / (values.length - 1);
}
