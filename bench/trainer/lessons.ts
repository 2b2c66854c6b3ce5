import { answerText, closedBook, studyLine } from "../../agent/prompts.ts";
import { EMBEDDED_MODEL } from "../../app/config.ts";
import { heldOutExam } from "../../models/exams.ts";
import { implicationsOf, questionsOf, Rng, rewriteOf } from "../../models/world/index.ts";
import { ModelTokenizer } from "../../trainer/process/tokenizer.ts";
import type { TrainingRow, TrainOptions } from "../../trainer/types.ts";
import { type BenchJob, type Outcome, type PlainRow, plainRow } from "./spec.ts";
import type { Repetition } from "./store.ts";
import { planOf } from "./workload.ts";

/** Study lines of a passage, besides itself. */
const LINES = 15;

/** A passage about something that the embedded model has never heard of: what to study, what is asked. */
export interface Lesson {
  title: string;
  rows: PlainRow[];
  /** Closed-book questions in wordings that no study line and no pre-training has. */
  probes: PlainRow[];
}

/**
 * Lessons of the invented world. Study lines are a statement, a question with its answer and a rewritten
 * statement for each fact in turn, at most 15.
 */
export function makeLessons(tokenizer: ModelTokenizer, seed: number, count: number): Lesson[] {
  const rng = new Rng(`lessons:${seed}`);
  return heldOutExam(seed, count).map(({ entity, passage, unseen }) => {
    const { title, text, facts } = passage;
    const kinds = [
      implicationsOf(entity, facts, rng).map((line) => taught(studyLine(title, ""), line)),
      questionsOf(entity, facts, rng, "seen").map(({ question, answer }) =>
        taught(closedBook(question), answerText(answer)),
      ),
      rewriteOf(entity, facts, rng).map((line) => taught(studyLine(title, ""), line)),
    ];
    const rows = [taught(studyLine(title, ""), text), ...kinds.flat().slice(0, LINES)];
    return {
      title,
      rows: rows.map((row) => plainRow(tokenizer.row(row))),
      probes: unseen.map(({ question, answer }) =>
        plainRow(tokenizer.pair({ context: closedBook(question), answer: answerText(answer) })),
      ),
    };
  });
}

function taught(prompt: string, output: string): TrainingRow {
  const segments = [
    { text: prompt, loss: false },
    { text: output, loss: true },
  ];
  return { segments, end: true };
}

/** Lessons of the embedded model's world as jobs. */
export async function lessonJobs(
  seed: number,
  count: number,
  options: TrainOptions,
): Promise<BenchJob[]> {
  const tokenizer = await ModelTokenizer.open(EMBEDDED_MODEL);
  return makeLessons(tokenizer, seed, count).map(({ rows, probes }) => ({
    rows,
    plan: planOf(rows, options),
    probes,
  }));
}

/** Means over the lessons, and over all of their questions. */
export function outcomeOf({ jobs }: Outcome): Repetition {
  const scores = jobs.flatMap((job) => job.scores);
  const sum = (values: readonly number[]): number => values.reduce((all, x) => all + x, 0);
  const logprob = sum(scores.map((score) => score.logprob));
  return {
    secondsPerUpdate: sum(jobs.map((job) => job.seconds)) / jobs.length,
    exact: scores.filter((score) => score.exact).length / scores.length,
    logprobPerAnswer: logprob / scores.length,
    logprobPerToken: logprob / sum(scores.map((score) => score.tokens)),
    cpuSecondsPerUpdate: sum(jobs.map((job) => job.cpuSeconds)) / jobs.length,
    stepsPerUpdate: sum(jobs.map((job) => job.losses.length)) / jobs.length,
    tokensPerUpdate: sum(jobs.map((job) => job.tokens)) / jobs.length,
    updates: jobs.length,
    probes: scores.length,
    lessonLogprobs: jobs.map(
      (job) =>
        sum(job.scores.map((score) => score.logprob)) /
        sum(job.scores.map((score) => score.tokens)),
    ),
  };
}
