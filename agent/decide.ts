import type { Score } from "../trainer/types.ts";
import type { LearnerSettings } from "./settings.ts";

/** How a set of probes was answered. */
export interface ExamResult {
  /** Share of the probes whose every token was the likeliest. */
  accuracy: number;
  /** Mean over the probes of log p per token, in nats. */
  logprob: number;
}

export interface Decision extends ExamResult {
  known: boolean;
  /** Why, in a sentence for people. */
  reason: string;
}

/** Whether a passage is known already: enough of its probes are answered without it. */
export function decide(
  scores: Score[],
  settings: Pick<LearnerSettings, "knownAccuracy">,
): Decision {
  const result = summarise(scores);
  const known = scores.length > 0 && result.accuracy >= settings.knownAccuracy;
  const right = scores.filter((score) => score.exact).length;
  const reason =
    `${right} of ${scores.length} questions answered without the passage ` +
    `(${percent(result.accuracy)}; known from ${percent(settings.knownAccuracy)}), ` +
    `log-probability ${result.logprob.toFixed(2)} per token: ${known ? "known already" : "worth studying"}.`;
  return { ...result, known, reason };
}

/** Accuracy and mean log-probability per token of scored probes; zeros of none. */
export function summarise(scores: Pick<Score, "exact" | "logprob" | "tokens">[]): ExamResult {
  return {
    accuracy: mean(scores.map((score) => (score.exact ? 1 : 0))),
    logprob: mean(scores.map(perToken)),
  };
}

/** Log p per token of one score, in nats. */
export function perToken({ logprob, tokens }: Pick<Score, "logprob" | "tokens">): number {
  return logprob / Math.max(tokens, 1);
}

/** The arithmetic mean; zero of nothing. */
export function mean(values: number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
