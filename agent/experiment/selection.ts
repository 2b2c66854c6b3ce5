import { type ArmScore, armScores } from "../../db/experiment-results.ts";
import {
  allQuestions,
  type ExperimentQuestion,
  listExperimentPassages,
  type QuestionWording,
} from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import { mean } from "../decide.ts";
import { pairedTest } from "../measure/paired.ts";
import { normaliseAnswer } from "../probe/answers.ts";
import { rewardOf, type Standing } from "../reward/reward.ts";
import type { Figure } from "./figures.ts";

/** The edit that the reward chose against a random one, on one group of questions. */
export interface SelectionFigure {
  questions: "reward" | "report" | "report, other facts";
  wording: QuestionWording | null;
  passages: number;
  /** Log-probability per token, in nats: mean of all M edits, and the best one's lead over it. */
  random: number;
  lead: Figure;
  /** Share of the questions answered exactly. */
  randomExact: number;
  leadExact: Figure;
  /** The lead as a share of that on reward questions. */
  survives: number;
}

/** What choosing by reward brings, for edits of one kind. */
export interface Selection {
  kind: string;
  edits: number;
  figures: SelectionFigure[];
  /** Pearson's of reward and log-probability on report questions, within passages and seeds. */
  correlation: Partial<Record<QuestionWording, number>>;
}

interface Candidate {
  passageId: number;
  group: string;
  reward: number;
  best: boolean;
  scores: ArmScore[];
}

/**
 * How much of what the reward selects for is there on questions that it did not ask: own edits of the
 * reported passages, one passage at a time, at equal epochs.
 */
export function selectionOf(db: Database, experimentId: number, seed: number): Selection[] {
  const reported = new Set(
    listExperimentPassages(db, experimentId)
      .filter(({ role }) => role === "report")
      .map(({ id }) => id),
  );
  const questions = new Map(allQuestions(db, experimentId).map((it) => [it.id, it]));
  const rows = armScores(db, experimentId, ["none", "own"]).filter(({ passageId }) =>
    reported.has(passageId),
  );
  const base = Map.groupBy(
    rows.filter(({ arm }) => arm === "none"),
    groupOf,
  );
  const own = Map.groupBy(
    rows.filter(({ arm }) => arm === "own"),
    ({ kind }) => kind,
  );
  return [...own].flatMap(([kind, scores]) => {
    const candidates = candidatesOf(scores, base, questions);
    if (candidates.length === 0) return [];
    return [{ kind, ...describe(candidates, questions, seed) }];
  });
}

type Questions = ReadonlyMap<number, ExperimentQuestion>;

/** Groups of at least two edits of which one was chosen. */
function candidatesOf(
  scores: readonly ArmScore[],
  base: ReadonlyMap<string, ArmScore[]>,
  questions: Questions,
): Candidate[] {
  const groups = Map.groupBy(scores, groupOf);
  return [...groups].flatMap(([group, rows]) => {
    const byEdit = [...Map.groupBy(rows, ({ ordinal }) => ordinal)].sort(([a], [b]) => a - b);
    const before = standingsIn(base.get(group) ?? [], questions);
    if (byEdit.length < 2 || before.length === 0) return [];
    const all = byEdit.map(
      ([, scores]): Candidate => ({
        passageId: scores[0]!.passageId,
        group,
        reward: rewardOf(before, standingsIn(scores, questions)).reward,
        best: false,
        scores,
      }),
    );
    const best = all.reduce((top, it) => (it.reward > top.reward ? it : top));
    best.best = true;
    return all;
  });
}

/** What one seed makes of a passage. */
function groupOf({ passageId, seed }: ArmScore): string {
  return `${passageId} ${seed}`;
}

function standingsIn(scores: readonly ArmScore[], questions: Questions): Standing[] {
  return scores
    .filter(({ questionId }) => questions.get(questionId)!.use === "reward")
    .sort((a, b) => a.questionId - b.questionId)
    .map(({ logprob, distractors, rank, exact }) => ({
      logprob,
      ...(distractors !== null && { distractors }),
      rank,
      exact,
    }));
}

function describe(
  candidates: Candidate[],
  questions: Questions,
  seed: number,
): Omit<Selection, "kind"> {
  const asked = factsOf(questions);
  const isFresh = (question: ExperimentQuestion) =>
    !question.answers.some((it) => asked.get(question.passageId)?.has(normaliseAnswer(it)));
  const wordings = [
    ...new Set(
      [...questions.values()].filter(({ use }) => use === "report").map(({ wording }) => wording),
    ),
  ];
  const reward = figureOf(candidates, questions, seed, ({ use }) => use === "reward");
  const figures = [
    { questions: "reward" as const, wording: null, ...reward },
    ...wordings.flatMap((wording) => [
      {
        questions: "report" as const,
        wording,
        ...figureOf(
          candidates,
          questions,
          seed,
          (it) => it.use === "report" && it.wording === wording,
        ),
      },
      {
        questions: "report, other facts" as const,
        wording,
        ...figureOf(
          candidates,
          questions,
          seed,
          (it) => it.use === "report" && it.wording === wording && isFresh(it),
        ),
      },
    ]),
  ].filter(({ passages }) => passages > 0);
  return {
    edits: candidates.length,
    figures: figures.map((it) => ({
      ...it,
      survives: reward.lead.mean === 0 ? 0 : it.lead.mean / reward.lead.mean,
    })),
    correlation: Object.fromEntries(
      wordings.map((wording) => [
        wording,
        correlation(candidates, (scores) =>
          mean(
            scores
              .filter((it) => isReport(questions, it.questionId, wording))
              .map((it) => it.logprob),
          ),
        ),
      ]),
    ),
  };
}

function isReport(questions: Questions, id: number, wording: QuestionWording): boolean {
  const question = questions.get(id)!;
  return question.use === "report" && question.wording === wording;
}

/** Answers that a passage's reward questions ask for. */
function factsOf(questions: Questions): Map<number, Set<string>> {
  const facts = new Map<number, Set<string>>();
  for (const { use, passageId, answers } of questions.values()) {
    if (use !== "reward") continue;
    const own = facts.get(passageId) ?? new Set();
    for (const answer of answers) own.add(normaliseAnswer(answer));
    facts.set(passageId, own);
  }
  return facts;
}

type Lead = Pick<SelectionFigure, "passages" | "random" | "lead" | "randomExact" | "leadExact">;

function figureOf(
  candidates: readonly Candidate[],
  questions: Questions,
  seed: number,
  counts: (question: ExperimentQuestion) => boolean,
): Lead {
  const groups = [...Map.groupBy(candidates, ({ group }) => group).values()];
  const rows = groups.flatMap((own) => {
    const over = (value: (score: ArmScore) => number) =>
      own.map(({ scores }) => {
        const picked = scores.filter(({ questionId }) => counts(questions.get(questionId)!));
        return picked.length > 0 ? mean(picked.map(value)) : undefined;
      });
    const logprobs = over(({ logprob }) => logprob);
    const exact = over((score) => (score.exact ? 1 : 0));
    if (logprobs.some((it) => it === undefined)) return [];
    const at = own.findIndex(({ best }) => best);
    const random = mean(logprobs as number[]);
    const randomExact = mean(exact as number[]);
    return [
      {
        passageId: own[0]!.passageId,
        random,
        lead: logprobs[at]! - random,
        randomExact,
        leadExact: exact[at]! - randomExact,
      },
    ];
  });
  const byPassage = [...Map.groupBy(rows, ({ passageId }) => passageId).values()];
  const test = (value: (row: (typeof rows)[number]) => number) => {
    const {
      mean: middle,
      low,
      high,
    } = pairedTest(
      byPassage.map((own) => mean(own.map(value))),
      seed,
    );
    return { mean: middle, low, high };
  };
  return {
    passages: byPassage.length,
    random: mean(rows.map(({ random }) => random)),
    lead: test(({ lead }) => lead),
    randomExact: mean(rows.map(({ randomExact }) => randomExact)),
    leadExact: test(({ leadExact }) => leadExact),
  };
}

/** Pearson's within groups. */
function correlation(
  candidates: readonly Candidate[],
  value: (scores: ArmScore[]) => number,
): number {
  const pairs = [...Map.groupBy(candidates, ({ group }) => group).values()].flatMap((own) => {
    const values = own.map(({ scores }) => value(scores));
    const [x, y] = [mean(own.map(({ reward }) => reward)), mean(values)];
    return own.map(({ reward }, i) => [reward - x, values[i]! - y] as const);
  });
  const dot = (f: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + f(pair), 0);
  return dot(([a, b]) => a * b) / Math.sqrt(dot(([a]) => a * a) * dot(([, b]) => b * b) || 1);
}
