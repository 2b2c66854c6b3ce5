import { allEdits } from "../../db/experiment-results.ts";
import {
  allQuestions,
  type ExperimentQuestion,
  listExperimentPassages,
  type Overlap,
} from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import { mean } from "../decide.ts";
import { commonWords, NgramIndex } from "./ngrams.ts";

/** Words that begin questions are no names. */
const QUESTION_WORDS =
  "who what when where which whose whom why how in on of by for from to at under over since as with do does did is was are were can the a an";

/**
 * How much of the report questions' wording occurs in what was trained on, what chose, and what the model
 * was pre-trained on: the longest run of words in common, names and numbers apart.
 */
export function auditQuestions(
  db: Database,
  experimentId: number,
  pretraining?: () => string[],
): Overlap[] {
  const questions = allQuestions(db, experimentId);
  const asked = [
    ...Map.groupBy(
      questions.filter(({ use }) => use === "report"),
      ({ wording }) => wording,
    ),
  ];
  if (asked.length === 0) return [];
  const sources: [string, string[]][] = [
    ["passages", listExperimentPassages(db, experimentId).map(({ text }) => text)],
    [
      "reward questions",
      questions.filter(({ use }) => use === "reward").map(({ question }) => question),
    ],
    ...editLines(db, experimentId),
  ];
  if (pretraining) sources.push(["pre-training", pretraining()]);
  const common = commonWords(sources.flatMap(([, texts]) => texts));
  for (const word of QUESTION_WORDS.split(" ")) common.add(word);
  return sources.flatMap(([source, texts]) => {
    const index = new NgramIndex(texts, common);
    return asked.map(([wording, own]) => overlap(wording, source, own, index));
  });
}

function editLines(db: Database, experimentId: number): [string, string[]][] {
  const byWriter = Map.groupBy(allEdits(db, experimentId), ({ writer }) => writer);
  return [...byWriter]
    .filter(([writer]) => writer !== "random")
    .map(([writer, edits]) => [`edits: ${writer}`, edits.flatMap(({ lines }) => lines)]);
}

function overlap(
  wording: ExperimentQuestion["wording"],
  source: string,
  questions: readonly ExperimentQuestion[],
  index: NgramIndex,
): Overlap {
  const runs = questions.map(({ question }) => index.longestRun(question));
  const longest = runs.reduce((top, run, i) => (run.longest > runs[top]!.longest ? i : top), 0);
  const longestRun = runs[longest]?.longest ?? 0;
  return {
    wording,
    source,
    questions: questions.length,
    texts: index.texts,
    meanRun: mean(runs.map((run) => run.longest)),
    longestRun,
    verbatim: runs.filter((run) => run.words > 0 && run.longest === run.words).length,
    ...(longestRun > 0 && { example: questions[longest]!.question }),
  };
}
