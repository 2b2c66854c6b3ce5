import type { NewExperimentPassage, NewQuestion } from "../../db/experiments.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import { normaliseAnswer } from "../probe/answers.ts";
import { closedBook } from "../prompts.ts";
import { chooseDistractors } from "../reward/distractors.ts";
import { type ExperimentConfig, wantedPassages } from "./config.ts";
import {
  type ExperimentData,
  ExperimentDataError,
  type ExperimentItem,
  type GoldQuestion,
} from "./data.ts";

/** The order in which passages are dealt is the data's own: another seed trains on the same ones. */
const DEAL_SEED = 1;
/** Wrong answers come from so many passages: telling an answer's type takes a while. */
const NEIGHBOURS = 12;

export interface Dealt extends NewExperimentPassage {
  /** Where it stands in the data, from 0. */
  item: number;
}

type DealConfig = Pick<
  ExperimentConfig,
  | "regimes"
  | "passages"
  | "sets"
  | "together"
  | "tune"
  | "rounds"
  | "writePassages"
  | "arms"
  | "reward"
>;

/**
 * Gives every passage one part: to be reported, to choose hyperparameters, or to train the writer in one
 * of its rounds. What is asked of a passage that is not reported chooses; of one that is reported,
 * report questions measure, and only questions in other wordings, about half of its facts, choose.
 * @throws ExperimentDataError where there are too few
 */
export function deal(data: ExperimentData, config: DealConfig): Dealt[] {
  const wanted = wantedPassages(config);
  const all = wanted.report + wanted.tune + wanted.write;
  if (data.items.length < all) {
    throw new ExperimentDataError(
      `${data.name} has ${data.items.length} usable passages, and ${all} are needed: ${wanted.report} to report, ${wanted.tune} to choose hyperparameters, ${wanted.write} for the writer. Ask for fewer (--passages, --n and --sets, --tune, --round-passages), or give more.`,
    );
  }
  const order = shuffled(data.items.length, random(seedFor(DEAL_SEED, data.hash)));
  const dealt = order.slice(0, all).map((index, i): Dealt => {
    const item = data.items[index]!;
    const base = { item: index, title: item.title, text: item.context, round: null };
    if (i < wanted.report) return { ...base, role: "report", questions: reported(item) };
    const questions = choosing(item);
    if (i < wanted.report + wanted.tune) return { ...base, role: "tune", questions };
    const round = Math.floor((i - wanted.report - wanted.tune) / config.writePassages) + 1;
    const own = config.reward === "gold" ? questions : [];
    return { ...base, role: "write", round, questions: own };
  });
  return withDistractors(dealt);
}

/** Facts that the reward may ask about where the passage is reported, too: every other one. */
function reported(item: ExperimentItem): NewQuestion[] {
  const facts = [...new Set((item.reward ?? []).map(factOf))];
  const asked = new Set(facts.filter((_, i) => i % 2 === 0));
  return [
    ...item.questions.map((question) => row(question, "report")),
    ...(item.reward ?? [])
      .filter((question) => asked.has(factOf(question)))
      .map((question) => row(question, "reward")),
  ];
}

function choosing(item: ExperimentItem): NewQuestion[] {
  return (item.reward ?? item.questions).map((question) => row(question, "reward"));
}

function row({ question, answers, wording }: GoldQuestion, use: NewQuestion["use"]): NewQuestion {
  return { use, wording, question, prompt: closedBook(question), answers, distractors: [] };
}

function factOf({ answers }: Pick<GoldQuestion, "answers">): string {
  return normaliseAnswer(answers[0]!);
}

/** Rewards are contrastive; what measures needs no wrong answers. */
function withDistractors(dealt: Dealt[]): Dealt[] {
  const answers = dealt.map(({ questions }) => [
    ...new Set(questions.flatMap(({ use, answers }) => (use === "reward" ? answers[0]! : []))),
  ]);
  return dealt.map((passage, i) => {
    const own = passage.questions.filter(({ use }) => use === "reward");
    const elsewhere = [...answers.slice(i + 1), ...answers.slice(0, i)].slice(0, NEIGHBOURS).flat();
    const wrong = chooseDistractors(own, elsewhere, { seed: seedFor(DEAL_SEED, passage.title) });
    const byQuestion = new Map(own.map((question, j) => [question, wrong[j]!]));
    const questions = passage.questions.map((question) => ({
      ...question,
      distractors: byQuestion.get(question) ?? [],
    }));
    return { ...passage, questions };
  });
}
