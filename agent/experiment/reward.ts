import {
  type ExperimentEdit,
  type ExperimentUpdate,
  scoresOf,
} from "../../db/experiment-results.ts";
import { saveWrittenProbes } from "../../db/experiments.ts";
import { seedFor } from "../../trainer/random.ts";
import { normaliseAnswer } from "../probe/answers.ts";
import { keepFittingDistractors, makeProbes } from "../probe/index.ts";
import { chooseDistractors } from "../reward/distractors.ts";
import { rewardOf, type Standing } from "../reward/reward.ts";
import { type Lab, type LabPassage, reportQuestions } from "./lab.ts";

const PROBES = { maxProbes: 12, openBookSamples: 3 };
const MAX_SEED = 0x7fffffff;

/** What an edit earned. */
export interface RewardedEdit {
  passageId: number;
  edit: ExperimentEdit;
  reward: number;
}

/**
 * The reward of edits of one passage: the mean gain of its reward questions from the base to the model
 * that learned the edit.
 */
export function rewardEdits(
  lab: Pick<Lab, "db">,
  base: ExperimentUpdate,
  edits: readonly ExperimentEdit[],
  updates: readonly ExperimentUpdate[],
): RewardedEdit[] {
  const before = standingsIn(lab, base);
  return edits.map((edit, i) => {
    const after = standingsIn(lab, updates[i]!);
    return { passageId: edit.passageId, edit, reward: rewardOf(before, after).reward };
  });
}

/** The edit with the highest reward, the first of equals; one is chosen even where none earned any. */
export function bestEdit(rewarded: readonly RewardedEdit[]): ExperimentEdit {
  return rewarded.reduce((best, it) => (it.reward > best.reward ? it : best)).edit;
}

function standingsIn({ db }: Pick<Lab, "db">, update: ExperimentUpdate): Standing[] {
  return scoresOf(db, update.id, "reward").map(({ logprob, distractors, rank, exact }) => ({
    logprob,
    ...(distractors !== null && { distractors }),
    rank,
    exact,
  }));
}

/**
 * Has the untouched base write reward probes about a passage that has no reward questions, once. None
 * asks a report question in its own words.
 */
export async function ensureProbes(lab: Lab, passage: LabPassage): Promise<void> {
  if (passage.probed) return;
  lab.signal.throwIfAborted();
  const [generator, trainer] = await Promise.all([lab.generator(), lab.trainer()]);
  const seed = seedFor(1, `probes ${passage.ordinal}`) % (MAX_SEED - 1000);
  const { splits } = await makeProbes(
    { generator, trainer },
    passage,
    { ...PROBES, seed },
    {
      signal: lab.signal,
    },
  );
  const report = new Set(
    reportQuestions(lab, passage.id).map(({ question }) => normaliseAnswer(question)),
  );
  const drafts = [...splits.reward, ...splits.report].filter(
    ({ question }) => !report.has(normaliseAnswer(question)),
  );
  const wrong = chooseDistractors(
    drafts.map(({ answer }) => ({ answers: [answer] })),
    [],
    { seed },
  );
  const fitting = await keepFittingDistractors(
    trainer,
    drafts.map(({ prompt }, i) => ({ prompt, distractors: wrong[i]! })),
  );
  if (drafts.length === 0) {
    lab.onProblem({ item: passage.item.number, problem: "has no reward question that holds" });
  }
  saveWrittenProbes(
    lab.db,
    passage.id,
    drafts.map(({ question, prompt, answer }, i) => ({
      use: "reward",
      wording: "written",
      question,
      prompt,
      answers: [answer],
      distractors: fitting[i]!,
    })),
  );
  passage.probed = true;
}
