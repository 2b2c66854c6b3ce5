import * as v from "valibot";
import type { PromptKind } from "../../db/candidates.ts";
import type { ExperimentProblem, QuestionWording } from "../../db/experiments.ts";
import { normaliseAnswer } from "../probe/answers.ts";

/** A question with every answer that counts as right. */
export interface GoldQuestion {
  question: string;
  answers: string[];
  wording: QuestionWording;
}

/** A passage with what people (or the generator of a world) ask about it. */
export interface ExperimentItem {
  /** Its place in the file, counting from 1. */
  number: number;
  title: string;
  context: string;
  /** For the report. */
  questions: GoldQuestion[];
  /** For rewards, in wordings that no report question has; where there are none, they are written. */
  reward?: GoldQuestion[];
  /** Edits made by rule, where the passage comes from a world that has rules. */
  ruled?: (kind: PromptKind, seed: number) => string[];
}

/** What an experiment is about. */
export interface ExperimentData {
  /** As people know it: a file's name, or a world and its seed. */
  name: string;
  hash: string;
  items: ExperimentItem[];
  problems: ExperimentProblem[];
  /** Texts that the model was pre-trained on, where they are known. */
  pretraining?: () => string[];
}

/** The file is of no use at all. */
export class ExperimentDataError extends Error {
  readonly code = "bad-questions";
  override name = "ExperimentDataError";
}

const Text = v.pipe(v.string("is not a text"), v.trim(), v.nonEmpty("is empty"));
const ItemSchema = v.object({
  title: Text,
  context: Text,
  questions: v.pipe(v.array(v.unknown(), "is not a list"), v.nonEmpty("is empty")),
});
/** SQuAD's: articles of paragraphs. */
const SquadSchema = v.object({
  data: v.array(
    v.object({
      title: v.optional(v.unknown()),
      paragraphs: v.array(v.record(v.string(), v.unknown())),
    }),
  ),
});

/**
 * Reads `[{ title, context, questions: [{ question, answer }] }]`, where `answer` or `answers` is a text
 * or a list, or a file in SQuAD's own format. What cannot be used is told item by item (in SQuAD's
 * format, paragraph by paragraph), and the rest is used.
 * @throws ExperimentDataError when it is neither, or nothing of it can be used
 */
export function parseExperimentData(data: unknown): Pick<ExperimentData, "items" | "problems"> {
  const { values, squad } = listOf(data);
  const items: ExperimentItem[] = [];
  const problems: ExperimentProblem[] = [];
  const contexts = new Map<string, number>();
  let repeated = 0;
  values.forEach((value, i) => {
    const item = i + 1;
    const parsed = v.safeParse(ItemSchema, value);
    if (!parsed.success) {
      problems.push({ item, problem: issueOf(parsed.issues[0]) });
      return;
    }
    const { title, context, questions: asked } = parsed.output;
    const key = normaliseAnswer(context);
    const first = contexts.get(key);
    if (first !== undefined) {
      problems.push({ item, problem: `has the same passage as item ${first}` });
      return;
    }
    contexts.set(key, item);
    const questions = readQuestions(asked, (question, problem, isRepeat) => {
      // Three people answered each of SQuAD's questions, mostly alike.
      if (squad && isRepeat) repeated += 1;
      else problems.push({ item, question, problem });
    });
    if (questions.length > 0) items.push({ number: item, title, context, questions });
    else problems.push({ item, problem: "has no question that can be asked" });
  });
  if (repeated > 0) {
    problems.push({ problem: `${repeated} answers repeat another one of their question` });
  }
  if (items.length === 0) {
    const [first] = problems;
    throw new ExperimentDataError(
      `There is no usable passage among its ${values.length}${first ? `; ${describeExperimentProblem(first)}` : "."}`,
    );
  }
  return { items, problems };
}

/** A problem in a sentence. */
export function describeExperimentProblem({ item, question, problem }: ExperimentProblem): string {
  const places = [
    item !== undefined && `item ${item}`,
    question !== undefined && `question ${question}`,
  ].filter(Boolean);
  return places.length > 0 ? `${places.join(", ")}: ${problem}.` : `${problem}.`;
}

function listOf(data: unknown): { values: unknown[]; squad: boolean } {
  if (Array.isArray(data)) return { values: data, squad: false };
  const parsed = v.safeParse(SquadSchema, data);
  if (parsed.success) {
    const values = parsed.output.data.flatMap(({ title, paragraphs }) =>
      paragraphs.map(({ context, qas }) => ({ title, context, questions: qas })),
    );
    return { values, squad: true };
  }
  throw new ExperimentDataError(
    "The questions must be a JSON list, [{ title, context, questions: [{ question, answer }] }], or a file in SQuAD's format.",
  );
}

type Tell = (question: number, problem: string, isRepeat?: boolean) => void;

function readQuestions(asked: readonly unknown[], tell: Tell): GoldQuestion[] {
  const seen = new Map<string, number>();
  return asked.flatMap((value, j): GoldQuestion[] => {
    const number = j + 1;
    const refuse = (problem: string) => {
      tell(number, problem);
      return [];
    };
    const parsed = v.safeParse(v.object({ question: Text }), value);
    if (!parsed.success) return refuse(issueOf(parsed.issues[0]));
    const { question } = parsed.output;
    const key = normaliseAnswer(question);
    const first = seen.get(key);
    if (first !== undefined) return refuse(`asks the same as question ${first}`);
    const { is_impossible, answer, answers: list } = value as Record<string, unknown>;
    if (is_impossible === true) return refuse("has no answer in the passage");
    const given = answer ?? list;
    if (given === undefined || given === null) return refuse("“answer” is missing");
    const answers = readAnswers([given].flat(), (problem, isRepeat) =>
      tell(number, problem, isRepeat),
    );
    if (answers.length === 0) return refuse("has no answer that can be used");
    seen.set(key, number);
    return [{ question, answers, wording: "gold" }];
  });
}

/** The different ones, the first first. */
function readAnswers(
  given: readonly unknown[],
  tell: (problem: string, isRepeat?: boolean) => void,
): string[] {
  const answers = new Map<string, string>();
  for (const [k, entry] of given.entries()) {
    const raw = typeof entry === "object" && entry !== null && "text" in entry ? entry.text : entry;
    const parsed = v.safeParse(Text, raw);
    const key = parsed.success ? normaliseAnswer(parsed.output) : "";
    if (!parsed.success) tell(`answer ${k + 1} ${parsed.issues[0].message}`);
    else if (answers.has(key)) tell(`answer ${k + 1} repeats another one`, true);
    else answers.set(key, parsed.output);
  }
  return [...answers.values()];
}

function issueOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (!path) return "is not an object";
  const missing = issue.received === "undefined" || issue.message.startsWith("Invalid key");
  return `“${path}” ${missing ? "is missing" : issue.message}`;
}
