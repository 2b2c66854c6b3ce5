import {
  allEdits,
  armFigures,
  countUpdates,
  type ExperimentPolicy,
  type ExperimentSearch,
  listExperimentPolicies,
  listSearches,
} from "../../db/experiment-results.ts";
import {
  allQuestions,
  type Experiment,
  getExperiment,
  listExperimentPassages,
} from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import { mean } from "../decide.ts";
import { ARMS, type ExperimentConfig } from "./config.ts";
import { type ArmLine, armLines, type Comparison, comparisons, groupArms } from "./figures.ts";
import { type Selection, selectionOf } from "./selection.ts";

/** What the edits of one writer look like. */
export interface EditLine {
  writer: string;
  kind: string;
  role: string;
  round: number | null;
  seed: number;
  edits: number;
  /** Means over them. */
  lines: number;
  dropped: number;
  /** Share without a line. */
  empty: number;
}

/** One passage's figures under one arm with one seed, as the rows have them. */
export interface PassageRow {
  passage: number;
  title: string;
  arm: string;
  kind: string;
  regime: string;
  budget: string;
  wording: string;
  seed: number;
  ordinal: number;
  update: number;
  questions: number;
  exact: number;
  match: number | null;
  logprob: number;
  supervisedTokens: number;
  epochs: number;
  learningRate: number;
}

/** All that an experiment found, from its rows. */
export interface ExperimentReport {
  experiment: Experiment;
  config: ExperimentConfig;
  /** By part, those that have been used so far among the reported. */
  passages: { report: number; reported: number; tune: number; write: number };
  questions: { report: number; reward: number };
  updates: number;
  arms: ArmLine[];
  comparisons: Comparison[];
  selection: Selection[];
  searches: ExperimentSearch[];
  rounds: Omit<ExperimentPolicy, "experimentId">[];
  edits: EditLine[];
}

/** Intervals are drawn with this seed: the same rows give the same figures. */
const SEED = 1;

/**
 * Works out what an experiment found, finished or not; none where there is no such experiment. Intervals
 * take a while: whatever else waits gets its turn in between.
 */
export async function reportExperiment(
  db: Database,
  id: number,
): Promise<ExperimentReport | undefined> {
  const experiment = getExperiment(db, id);
  if (!experiment) return undefined;
  const config = experiment.config as unknown as ExperimentConfig;
  const passages = listExperimentPassages(db, id);
  const count = (role: string) => passages.filter((it) => it.role === role).length;
  const questions = allQuestions(db, id);
  const groups = groupArms(armFigures(db, id), config);
  const arms: ArmLine[] = [];
  const compared: Comparison[] = [];
  for (const group of groups) {
    arms.push(...armLines([group], SEED));
    compared.push(...comparisons(groups, SEED, [group]));
    await Bun.sleep(0);
  }
  const reported = new Set(groups.flatMap(({ cells }) => [...cells.keys()]));
  return {
    experiment,
    config,
    passages: {
      report: count("report"),
      reported: reported.size,
      tune: count("tune"),
      write: count("write"),
    },
    questions: {
      report: questions.filter(({ use }) => use === "report").length,
      reward: questions.filter(({ use }) => use === "reward").length,
    },
    updates: countUpdates(db, id),
    arms,
    comparisons: compared,
    selection: selectionOf(db, id, SEED),
    searches: listSearches(db, id).sort(
      (a, b) =>
        a.regime.localeCompare(b.regime) ||
        a.budget.localeCompare(b.budget) ||
        a.kind.localeCompare(b.kind) ||
        ARMS.indexOf(a.arm as never) - ARMS.indexOf(b.arm as never),
    ),
    rounds: listExperimentPolicies(db, id).map(({ experimentId: _, ...policy }) => policy),
    edits: editLines(db, id),
  };
}

/** The rows that the figures of the reported passages are made of. */
export function passageRows(db: Database, id: number): PassageRow[] {
  const titles = new Map(listExperimentPassages(db, id).map(({ id, title }) => [id, title]));
  return armFigures(db, id)
    .filter(({ role, use }) => role === "report" && use === "report")
    .map((row) => ({
      passage: row.passageId,
      title: titles.get(row.passageId)!,
      arm: row.arm,
      kind: row.kind,
      regime: row.regime,
      budget: row.budget,
      wording: row.wording,
      seed: row.seed,
      ordinal: row.ordinal,
      update: row.updateId,
      questions: row.questions,
      exact: row.exact,
      match: row.match,
      logprob: row.logprob,
      supervisedTokens: row.supervisedTokens,
      epochs: row.epochs,
      learningRate: row.learningRate,
    }));
}

function editLines(db: Database, id: number): EditLine[] {
  const groups = Map.groupBy(allEdits(db, id), ({ writer, kind, role, round, seed }) =>
    [role, round, kind, seed, writer].join("\n"),
  );
  return [...groups.values()].map((own) => {
    const { writer, kind, role, round, seed } = own[0]!;
    return {
      writer,
      kind,
      role,
      round,
      seed,
      edits: own.length,
      lines: mean(own.map(({ lines }) => lines.length)),
      dropped: mean(own.map(({ dropped }) => dropped)),
      empty: mean(own.map(({ lines }) => (lines.length === 0 ? 1 : 0))),
    };
  });
}
