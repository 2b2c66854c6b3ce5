import { describeExperimentProblem } from "../../agent/experiment/data.ts";
import type { ArmLine, Comparison } from "../../agent/experiment/figures.ts";
import type { ExperimentReport } from "../../agent/experiment/report.ts";
import type { Experiment } from "../../db/experiments.ts";
import type { ArmBar } from "../../views/charts/arms.ts";
import type { ExperimentFacts, ExperimentLine, FormFacts } from "../../views/experiment-types.ts";

/** Problems that are told one by one; the rest are counted. */
export const MAX_PROBLEMS = 20;

/** What arms are called for people. */
export const ARM_WORDS: Record<ArmLine["arm"], string> = {
  none: "no update",
  passage: "passage only",
  own: "passage + own edit",
  random: "passage + random own lines",
  best: "passage + own edit, best by reward",
  teacher: "passage + teacher's edit",
  seal: "SEAL",
};

/** An arm with its rounds and, where several are compared, its kind. */
export function armName(
  { arm, kind }: Pick<ArmLine, "arm" | "kind">,
  { config }: Pick<ExperimentReport, "config">,
): string {
  const name =
    arm === "seal"
      ? `SEAL, ${config.rounds} ${config.rounds === 1 ? "round" : "rounds"}`
      : ARM_WORDS[arm];
  return kind !== "" && config.kinds.length > 1 ? `${name} (${kind})` : name;
}

/** A form of the comparison as people know it. */
export function formName(
  { regime, budget }: Pick<ArmLine, "regime" | "budget">,
  { config }: Pick<ExperimentReport, "config">,
): string {
  const what =
    regime === "single" ? "one passage at a time" : `${config.together} passages at once`;
  const how = {
    epochs: `${config.recipe.epochs} epochs for all`,
    tokens: "equal supervised tokens",
    tuned: "epochs tuned, too",
  }[budget];
  return `${what}, ${how}`;
}

/** The wording that nothing was trained on, where the data has one. */
export function isMain({ wording }: Pick<ArmLine, "wording">): boolean {
  return wording !== "seen";
}

/** The figures of the chart: the measure in the main wording, form by form. */
export function armBars(report: ExperimentReport): ArmBar[] {
  return report.arms.filter(isMain).map((line) => {
    const { mean, low, high } = line.match ?? line.exact;
    const seen = report.arms.find(
      (it) =>
        it.wording === "seen" &&
        it.arm === line.arm &&
        it.kind === line.kind &&
        it.regime === line.regime &&
        it.budget === line.budget,
    );
    return {
      group: formName(line, report),
      label: armName(line, report),
      mean,
      low,
      high,
      ...(seen && { beside: (seen.match ?? seen.exact).mean }),
    };
  });
}

/** One line of the list of experiments. */
export function experimentLine(experiment: Experiment): ExperimentLine {
  const { id, kind, model, data, createdAt: at, seconds, finishedAt } = experiment;
  return { id, kind, model, data, at, seconds, finished: finishedAt !== null };
}

/** An experiment as its page shows it. */
export function experimentFacts(report: ExperimentReport): ExperimentFacts {
  const { experiment, config, passages } = report;
  const groups = Map.groupBy(report.arms, ({ regime, budget, wording }) =>
    [regime, budget, wording].join(" "),
  );
  return {
    line: experimentLine(experiment),
    reported: passages.reported,
    planned: passages.report,
    seeds: config.seeds.length,
    forms: [...groups.values()].map((lines) => formFacts(lines, report)),
    overlaps: experiment.audit ?? [],
    ...problemFacts(experiment),
  };
}

/** What could not be used: the first of it in sentences, and how much there is. */
export function problemFacts({ problems }: Experiment) {
  return {
    problems: problems.slice(0, MAX_PROBLEMS).map(describeExperimentProblem),
    problemCount: problems.length,
  };
}

function formFacts(lines: ArmLine[], report: ExperimentReport): FormFacts {
  const first = lines[0]!;
  const several = report.config.kinds.length > 1;
  return {
    name: capital(formName(first, report)),
    wording: `${capital(wordingWords(first))}.`,
    arms: lines.map((line) => ({
      name: armName(line, report),
      passages: line.passages,
      right: line.match ?? line.exact,
      logprob: line.logprob.mean,
      tokens: line.supervisedTokens,
      epochs: line.epochs,
      learningRate: line.learningRate,
    })),
    differences: comparisonsOf(first, report).map((it) => ({
      name: `${ARM_WORDS[it.arm]} − ${ARM_WORDS[it.over]}${several && it.kind ? ` (${it.kind})` : ""}`,
      passages: it.passages,
      difference: it.difference,
      logprob: it.logprob,
    })),
  };
}

/** The comparisons of a line's form and wording. */
export function comparisonsOf(
  { regime, budget, wording }: Pick<ArmLine, "regime" | "budget" | "wording">,
  { comparisons }: Pick<ExperimentReport, "comparisons">,
): Comparison[] {
  return comparisons.filter(
    (it) => it.regime === regime && it.budget === budget && it.wording === wording,
  );
}

/** What questions of a wording are. */
export function wordingWords({ wording }: Pick<ArmLine, "wording">): string {
  switch (wording) {
    case "unseen":
      return "questions in wordings that nothing was trained on";
    case "seen":
      return "questions in wordings of the pre-training, for comparison";
    default:
      return "questions that came with the data";
  }
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
