import type { Score } from "../trainer/types.ts";
import type { LearnerSettings } from "./settings.ts";

/** How a set of probes was answered. */
export interface ExamResult {
  /** Share of the probes whose every token was the likeliest. */
  accuracy: number;
  /** Mean over the probes of log p per token, in nats. */
  logprob: number;
}

/** How a passage reads to the current model. */
export interface Reading {
  /** Mean negative log-likelihood of its text, in nats per token. */
  surprise?: number | null;
  /** The median of what was read before; none while that is little. */
  typical?: number | undefined;
  /** Whether a person wants it learned: they handed it in, corrected it, or were asked before. */
  wanted?: boolean;
  /** Questions that people asked, and the weights answer wrong. */
  missed?: number;
}

/** `known`: it is left alone; `study`: it is learned; `review`: a person is to say. */
export interface Decision extends ExamResult {
  verdict: "known" | "study" | "review";
  known: boolean;
  /** Why, in a sentence for people. */
  reason: string;
}

/**
 * What to do with a passage. It is known if enough of its probes are answered without it, and its text
 * surprises no more than others do: a text that does says more than was asked about. One that surprises far
 * more than what was read before may be no text to learn from (a table, another language, what a web page has
 * around an article): a person is asked, unless they want it.
 */
export function decide(
  scores: Score[],
  settings: Pick<LearnerSettings, "knownAccuracy" | "knownSurprise" | "reviewSurprise">,
  { surprise, typical, wanted = false, missed = 0 }: Reading = {},
): Decision {
  const { knownAccuracy, knownSurprise, reviewSurprise } = settings;
  const result = summarise(scores);
  const right = scores.filter((score) => score.exact).length;
  const answered = scores.length > 0 && result.accuracy >= knownAccuracy;
  const ratio = surpriseRatio(surprise, typical);
  const exam =
    `${right} of ${scores.length} questions answered without the passage ` +
    `(${percent(result.accuracy)}; known from ${percent(knownAccuracy)}), ` +
    `log-probability ${result.logprob.toFixed(2)} per token`;
  const text =
    surprise == null
      ? ""
      : `; its text surprises by ${surprise.toFixed(2)} nats per token` +
        (ratio === undefined
          ? ""
          : `, ${ratio.toFixed(2)} times the typical ${typical!.toFixed(2)}`);
  const say = (verdict: Decision["verdict"], words: string): Decision => ({
    ...result,
    verdict,
    known: verdict === "known",
    reason: `${exam}${text}: ${words}.`,
  });
  if (!wanted && reviewSurprise > 0 && ratio !== undefined && ratio >= reviewSurprise) {
    return say("review", "so unlike what was read before that you are asked first");
  }
  if (!answered) return say("study", "worth studying");
  if (missed > 0)
    return say("study", "what people asked of it is not known, so it is worth studying");
  if (ratio !== undefined && ratio > knownSurprise) {
    return say("study", "it says more than the questions asked, so it is worth studying");
  }
  return say("known", "known already");
}

/** How many times the typical surprise; nothing where one of them is not known. */
export function surpriseRatio(
  surprise: number | null | undefined,
  typical: number | undefined,
): number | undefined {
  return surprise != null && typical !== undefined && typical > 0 ? surprise / typical : undefined;
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

/** A share as people read it, in whole percent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
