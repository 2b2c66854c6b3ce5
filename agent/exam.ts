import * as v from "valibot";
import type { ModelTrainer, Score } from "../trainer/types.ts";
import { mean, perToken } from "./decide.ts";
import type { TextGenerator } from "./generator/types.ts";
import { sameAnswer } from "./probe/answers.ts";
import { answerText, closedBook } from "./prompts.ts";

/** Tokens of a generated answer at most. */
const ANSWER_TOKENS = 48;
/** Begin and end of a sequence. */
const FRAME_TOKENS = 2;

/** A question of a file, and every answer that counts as right. */
export interface ExamQuestion {
  question: string;
  answers: string[];
}

/** The questions about one passage. */
export interface ExamItem {
  title: string;
  /** Says which passage the questions belong to; nobody reads it during the exam. */
  context?: string;
  questions: ExamQuestion[];
}

/** Something in the file that cannot be asked; counting from 1, as people do. */
export interface ExamProblem {
  item: number;
  question?: number;
  problem: string;
}

export interface Exam {
  items: ExamItem[];
  problems: ExamProblem[];
}

/** The file is no exam at all. */
export class ExamError extends Error {
  override name = "ExamError";
}

const Text = v.pipe(v.string("is not a text"), v.trim(), v.nonEmpty("is empty"));
const QuestionSchema = v.object({
  question: Text,
  answer: v.union(
    [Text, v.pipe(v.array(Text), v.nonEmpty("is an empty list"))],
    "is neither a text nor a list of texts that are not empty",
  ),
});
const ItemSchema = v.object({
  title: v.optional(v.pipe(v.string("is not a text"), v.trim()), ""),
  context: v.optional(v.string("is not a text")),
  questions: v.pipe(v.array(v.unknown(), "is not a list"), v.nonEmpty("is empty")),
});

/**
 * Reads an exam out of `[{ title, context, questions: [{ question, answer }] }]`, where an answer
 * is a text or a list of texts. What cannot be used is told item by item, and the rest is used.
 * @throws ExamError when it is no list, or nothing of it can be used
 */
export function parseExam(data: unknown): Exam {
  if (!Array.isArray(data)) {
    throw new ExamError(
      "The questions must be a JSON list: [{ title, context, questions: [{ question, answer }] }].",
    );
  }
  const items: ExamItem[] = [];
  const problems: ExamProblem[] = [];
  data.forEach((value: unknown, i) => {
    const parsed = v.safeParse(ItemSchema, value);
    if (!parsed.success) {
      problems.push({ item: i + 1, problem: issueOf(parsed.issues) });
      return;
    }
    const { questions, ...item } = parsed.output;
    const good: ExamQuestion[] = [];
    questions.forEach((entry, j) => {
      const asked = v.safeParse(QuestionSchema, entry);
      if (asked.success) {
        const { question, answer } = asked.output;
        good.push({ question, answers: [answer].flat() });
      } else problems.push({ item: i + 1, question: j + 1, problem: issueOf(asked.issues) });
    });
    if (good.length > 0) items.push({ ...item, questions: good });
  });
  if (items.length === 0) {
    const first = problems[0];
    throw new ExamError(
      `There is no usable question among its ${data.length} items${first ? `; ${describeProblem(first)}` : "."}`,
    );
  }
  return { items, problems };
}

/** A problem in a sentence. */
export function describeProblem({ item, question, problem }: ExamProblem): string {
  const where = question === undefined ? `item ${item}` : `item ${item}, question ${question}`;
  return `${where}: ${problem}.`;
}

/** How one question was answered from the weights alone. */
export interface ExamAnswer {
  item: number;
  title: string;
  question: string;
  /** The right answer that the model finds likeliest. */
  answer: string;
  /** Its log-probability, in nats, and per token. */
  logprob: number;
  logprobPerToken: number;
  tokens: number;
  /** Every token of a right answer was the likeliest. */
  exact: boolean;
  /** What the model said, and whether it is a right answer once normalised as SQuAD does. */
  generated?: string;
  match?: boolean;
}

export interface ExamSummary {
  questions: number;
  /** Left out, for reasons given among the problems. */
  unusable: number;
  /** Mean log-probability of an answer, and per token of an answer, in nats. */
  logprob: number;
  logprobPerToken: number;
  /** Share of the questions. */
  exact: number;
  match?: number;
}

export interface ExamOutcome {
  summary: ExamSummary;
  answers: ExamAnswer[];
  problems: ExamProblem[];
}

export interface ExamineOptions {
  /** Path of an adapter; none is the untouched base. */
  adapter?: string;
  /** Lets the model answer in its own words, too. */
  generator?: TextGenerator;
  signal?: AbortSignal;
}

/**
 * Asks every question closed-book, and scores the answers under an adapter: only the answer's own
 * tokens count, not the end token, since how an answer ends is form.
 */
export async function takeExam(
  trainer: ModelTrainer,
  exam: Exam,
  options: ExamineOptions = {},
): Promise<ExamOutcome> {
  const { adapter, generator, signal } = options;
  const { asked, problems } = await keepFitting(trainer, exam);
  const pairs = asked.flatMap(({ question, answers }) =>
    answers.map((answer) => ({
      context: closedBook(question),
      answer: answerText(answer),
      end: false,
    })),
  );
  const scores = await trainer.score(pairs, {
    ...(adapter !== undefined && { adapter }),
    ...(signal && { signal }),
  });
  const said = generator && (await generate(generator, asked, adapter, signal));
  let next = 0;
  const answers = asked.map((entry, i) => {
    const own = scores.slice(next, next + entry.answers.length);
    next += entry.answers.length;
    return gradeQuestion(entry, own, said?.[i]);
  });
  return {
    summary: summarise(answers, problems.length),
    answers,
    problems,
  };
}

interface Asked extends ExamQuestion {
  item: number;
  title: string;
}

function gradeQuestion(asked: Asked, scores: Score[], said: string | undefined): ExamAnswer {
  const { item, title, question, answers } = asked;
  const best = scores.reduce(
    (top, score, i) => (perToken(score) > perToken(scores[top]!) ? i : top),
    0,
  );
  const score = scores[best]!;
  return {
    item,
    title,
    question,
    answer: answers[best]!,
    logprob: score.logprob,
    logprobPerToken: perToken(score),
    tokens: score.tokens,
    exact: scores.some(({ exact }) => exact),
    ...(said !== undefined && {
      generated: said.trim(),
      match: answers.some((answer) => sameAnswer(said, answer)),
    }),
  };
}

function summarise(answers: ExamAnswer[], unusable: number): ExamSummary {
  const share = (hit: (answer: ExamAnswer) => boolean | undefined) =>
    mean(answers.map((answer) => (hit(answer) ? 1 : 0)));
  return {
    questions: answers.length,
    unusable,
    logprob: mean(answers.map(({ logprob }) => logprob)),
    logprobPerToken: mean(answers.map(({ logprobPerToken }) => logprobPerToken)),
    exact: share(({ exact }) => exact),
    ...(answers.some(({ match }) => match !== undefined) && { match: share(({ match }) => match) }),
  };
}

/** A question with its answers must fit the model's context. */
async function keepFitting(trainer: ModelTrainer, exam: Exam) {
  const all: (Asked & { number: number })[] = exam.items.flatMap(({ title, questions }, i) =>
    questions.map((question, j) => ({ ...question, item: i + 1, title, number: j + 1 })),
  );
  const longest = (asked: Asked) =>
    closedBook(asked.question) +
    asked.answers.map(answerText).reduce((a, b) => (b.length > a.length ? b : a));
  const tokens = await trainer.countTokens(all.map(longest));
  const limit = trainer.info.contextLength - FRAME_TOKENS;
  const fits = all.map((_, i) => (tokens[i] ?? 0) <= limit);
  const tooLong = all.flatMap(({ item, number }, i) =>
    fits[i]
      ? []
      : [{ item, question: number, problem: `has ${tokens[i]} tokens, the model reads ${limit}` }],
  );
  return { asked: all.filter((_, i) => fits[i]), problems: [...exam.problems, ...tooLong] };
}

function generate(
  generator: TextGenerator,
  asked: Asked[],
  adapter: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const requests = asked.map(({ question }) => ({
    prompt: closedBook(question),
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    stop: ["\n"],
    ...(adapter !== undefined && { adapter }),
  }));
  return generator.generate(requests, signal && { signal });
}

function issueOf(issues: v.BaseIssue<unknown>[]): string {
  const issue = issues[0]!;
  const path = v.getDotPath(issue);
  return path ? `“${path}” ${missing(issue) ? "is missing" : issue.message}` : "is not an object";
}

function missing(issue: v.BaseIssue<unknown>): boolean {
  return issue.received === "undefined" || issue.message.startsWith("Invalid key");
}
