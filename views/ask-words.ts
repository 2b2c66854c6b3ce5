import type { AnswerFacts, AskMode, WaitFacts } from "./ask-types.ts";
import { nats, percent, timeLeft } from "./format.ts";

/** Longest title of a conversation, in characters. */
export const MAX_TITLE = 200;

export const MODE_WORDS: Record<AskMode, string> = {
  weights: "From its weights",
  passages: "With passages open",
  compare: "Compare",
};

/** From which chance per token on a word holds. */
const SURE: [from: number, words: string][] = [
  [0.9, "sure"],
  [0.7, "half sure"],
  [0.45, "unsure"],
  [0, "guessing"],
];

/** A log-probability per token in a word that people use, and as a chance. */
export function sureness(logprob: number): { words: string; chance: number } {
  const chance = Math.exp(logprob);
  return { words: SURE.find(([from]) => chance >= from)![1], chance };
}

/** The same in one line: "half sure: 71% per token, log p −0.34". */
export function sureWords(logprob: number): string {
  const { words, chance } = sureness(logprob);
  return `${words}: ${percent(chance)} per token, log p ${nats(logprob)}`;
}

/** `version 3`, or `the untouched base model`. */
export function whose(versionId: number): string {
  return versionId > 0 ? `version ${versionId}` : "the untouched base model";
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Who answers, as a heading where several do. */
export function armName({ arm, versionId }: Pick<AnswerFacts, "arm" | "versionId">): string {
  if (arm === "base") return "The base model";
  const who = versionId > 0 ? `Version ${versionId}` : "The base model";
  return arm === "passages" ? `${who}, passages open` : who;
}

/** Where an answer comes from, in a sentence. */
export function originWords({
  arm,
  versionId,
  origin,
  passages,
  probes,
}: Pick<AnswerFacts, "arm" | "versionId" | "origin" | "passages" | "probes">): string {
  const who = whose(versionId);
  if (arm === "base") return "From the weights as they were before anything was learned.";
  if (arm === "learned") {
    const cover = probes.length > 0 ? "" : " No exam question covers this.";
    return `From the weights of ${who}; nothing was looked up.${cover}`;
  }
  if (origin === "both") return `From the weights of ${who} and from a passage: both say this.`;
  if (origin === "passages") return `From a passage; the weights of ${who} alone say otherwise.`;
  return passages.length > 0
    ? `From the weights of ${who}: it stands in none of the passages that were open.`
    : `From the weights of ${who}: no passage has every name of the question, so none was opened.`;
}

/** What an answer waits for. */
export function waitWords({ title, detail, secondsLeft }: WaitFacts): string {
  if (title === undefined) return "Waiting for the model to start or to read the question.";
  const left = secondsLeft === undefined ? "" : `, ${timeLeft(secondsLeft)} left`;
  const what = detail ? `${detail.replace(/\.$/, "")}${left}` : "learning";
  return `The answer waits: Selkie is busy with “${title}” (${what}).`;
}
