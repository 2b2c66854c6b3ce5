import type { ArmLine, Comparison } from "../../agent/experiment/figures.ts";
import type { ExperimentReport } from "../../agent/experiment/report.ts";
import type { Experiment } from "../../db/experiments.ts";
import { decimal, table } from "../table.ts";
import { chance, points, share } from "./columns.ts";
import {
  ARM_WORDS,
  armName,
  capital,
  comparisonsOf,
  formName,
  problemFacts,
  wordingWords,
} from "./facts.ts";

/** What an experiment found, as tables for a terminal. */
export function experimentWords(report: ExperimentReport): string {
  return [
    head(report),
    ...forms(report),
    selection(report),
    rounds(report),
    edits(report),
    searches(report),
    audit(report),
    problemWords(report.experiment),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function head(report: ExperimentReport): string {
  const { experiment, config, passages, questions, updates } = report;
  const state = experiment.finishedAt === null ? "not finished" : "finished";
  return [
    `Experiment ${experiment.id} (${experiment.kind}), ${state}: ${experiment.model} on ${experiment.data}`,
    `${passages.reported} of ${passages.report} passages reported, ${config.seeds.length} ${config.seeds.length === 1 ? "seed" : "seeds"}; ${passages.tune} passages for tuning, ${passages.write} for the writer`,
    `${questions.report} report questions, ${questions.reward} reward questions; ${updates} updates in ${(experiment.seconds / 60).toFixed(1)} min`,
  ].join("\n");
}

/** Arms and their differences, form by form and wording by wording. */
function forms(report: ExperimentReport): string[] {
  const groups = Map.groupBy(report.arms, ({ regime, budget, wording }) =>
    [regime, budget, wording].join(" "),
  );
  return [...groups.values()].map((lines) => {
    const first = lines[0]!;
    const same = comparisonsOf(first, report);
    const title = `${capital(formName(first, report))}: ${wordingWords(first)}`;
    return [title, armTable(lines, report), same.length > 0 ? differenceTable(same, report) : ""]
      .filter(Boolean)
      .join("\n");
  });
}

function armTable(lines: ArmLine[], report: ExperimentReport): string {
  const answered = lines.some(({ match }) => match !== null);
  return table(lines, [
    { head: "arm", cell: (line) => armName(line, report) },
    { head: "passages", cell: ({ passages }) => String(passages), right: true },
    { head: "exact", cell: ({ exact }) => share(exact.mean), right: true },
    { head: "95%", cell: ({ exact }) => `${share(exact.low)}–${share(exact.high)}` },
    ...(answered
      ? [
          {
            head: "answered",
            cell: ({ match }: ArmLine) => (match ? share(match.mean) : "–"),
            right: true,
          },
          {
            head: "95%",
            cell: ({ match }: ArmLine) =>
              match ? `${share(match.low)}–${share(match.high)}` : "–",
          },
        ]
      : []),
    { head: "log p/token", cell: ({ logprob }) => decimal(logprob.mean), right: true },
    {
      head: "tokens",
      cell: ({ supervisedTokens }) => String(Math.round(supervisedTokens)),
      right: true,
    },
    { head: "epochs", cell: ({ epochs }) => (epochs > 0 ? epochs.toFixed(1) : "–"), right: true },
    { head: "rate", cell: ({ learningRate }) => rate(learningRate), right: true },
    {
      head: "diverged",
      cell: ({ diverged }) => (diverged > 0 ? String(diverged) : ""),
      right: true,
    },
  ]);
}

function differenceTable(comparisons: Comparison[], report: ExperimentReport): string {
  const several = report.config.kinds.length > 1;
  return table(comparisons, [
    {
      head: "difference",
      cell: ({ arm, over, kind }) =>
        `${ARM_WORDS[arm]} − ${ARM_WORDS[over]}${several && kind ? ` (${kind})` : ""}`,
    },
    { head: "passages", cell: ({ passages }) => String(passages), right: true },
    { head: "points", cell: ({ difference }) => points(difference.mean), right: true },
    { head: "95%", cell: ({ difference: { low, high } }) => `${points(low)} to ${points(high)}` },
    { head: "p", cell: ({ difference: { p } }) => chance(p), right: true },
    { head: "log p/token", cell: ({ logprob }) => decimal(logprob.mean, true), right: true },
    {
      head: "95%",
      cell: ({ logprob: { low, high } }) => `${decimal(low, true)} to ${decimal(high, true)}`,
    },
  ]);
}

function selection({ selection }: ExperimentReport): string {
  if (selection.length === 0) return "";
  const rows = selection.flatMap(({ kind, figures }) => figures.map((it) => ({ kind, ...it })));
  const figures = table(rows, [
    { head: "kind", cell: ({ kind }) => kind },
    {
      head: "questions",
      cell: ({ questions, wording }) => (wording ? `${questions}, ${wording}` : questions),
    },
    { head: "passages", cell: ({ passages }) => String(passages), right: true },
    { head: "any edit", cell: ({ random }) => decimal(random), right: true },
    { head: "best leads by", cell: ({ lead }) => decimal(lead.mean, true), right: true },
    {
      head: "95%",
      cell: ({ lead }) => `${decimal(lead.low, true)} to ${decimal(lead.high, true)}`,
    },
    { head: "survives", cell: ({ survives }) => `${Math.round(survives * 100)}%`, right: true },
    { head: "any edit", cell: ({ randomExact }) => share(randomExact), right: true },
    { head: "points", cell: ({ leadExact }) => points(leadExact.mean), right: true },
    {
      head: "95%",
      cell: ({ leadExact }) => `${points(leadExact.low)} to ${points(leadExact.high)}`,
    },
  ]);
  const correlations = selection
    .flatMap(({ kind, correlation }) =>
      Object.entries(correlation).map(([wording, r]) => `${kind}, ${wording}: ${decimal(r, true)}`),
    )
    .join("; ");
  return `Own edits, the best by reward against any (log p/token, then exact)\n${figures}\nCorrelation of reward and log p on report questions within passages: ${correlations}`;
}

function rounds({ rounds, edits }: ExperimentReport): string {
  if (rounds.length === 0) return "";
  const figures = table(rounds, [
    { head: "kind", cell: ({ kind }) => kind },
    { head: "seed", cell: ({ seed }) => String(seed), right: true },
    { head: "round", cell: ({ round }) => String(round), right: true },
    {
      head: "edits",
      cell: (it) =>
        String(
          edits.find(
            (line) =>
              line.role === "write" &&
              line.round === it.round &&
              line.seed === it.seed &&
              line.kind === it.kind,
          )?.edits ?? 0,
        ),
      right: true,
    },
    { head: "winners", cell: ({ editIds }) => String(editIds.length), right: true },
    { head: "rows", cell: ({ rows }) => String(rows), right: true },
    {
      head: "loss",
      cell: ({ losses }) => `${decimal(losses[0])} → ${decimal(losses.at(-1))}`,
    },
    { head: "seconds", cell: ({ seconds }) => seconds.toFixed(0), right: true },
  ]);
  return `Rounds of the writer\n${figures}`;
}

function edits({ edits }: ExperimentReport): string {
  if (edits.length === 0) return "";
  const figures = table(edits, [
    { head: "writer", cell: ({ writer }) => writer },
    { head: "kind", cell: ({ kind }) => kind },
    { head: "about", cell: ({ role, round }) => (round === null ? role : `${role} ${round}`) },
    { head: "seed", cell: ({ seed }) => String(seed), right: true },
    { head: "edits", cell: ({ edits }) => String(edits), right: true },
    { head: "lines", cell: ({ lines }) => lines.toFixed(1), right: true },
    { head: "dropped", cell: ({ dropped }) => dropped.toFixed(1), right: true },
    { head: "empty", cell: ({ empty }) => `${Math.round(empty * 100)}%`, right: true },
  ]);
  return `Edits (means)\n${figures}`;
}

function searches({ searches }: ExperimentReport): string {
  const tried = searches.filter((it) => it.tried.length > 0);
  if (tried.length === 0) return "";
  const figures = table(tried, [
    { head: "arm", cell: ({ arm }) => arm },
    { head: "kind", cell: ({ kind }) => kind },
    { head: "regime", cell: ({ regime }) => regime },
    { head: "equal", cell: ({ budget }) => budget },
    { head: "rate", cell: ({ learningRate }) => rate(learningRate), right: true },
    {
      head: "epochs",
      cell: ({ epochs }) => (epochs === null ? "–" : String(epochs)),
      right: true,
    },
    {
      head: "tried: log p/token of the answers",
      cell: ({ tried }) =>
        tried
          .map(
            ({ learningRate, epochs, score }) =>
              `${rate(learningRate)}${epochs === null ? "" : `×${epochs}`} ${decimal(score)}`,
          )
          .join(", "),
    },
  ]);
  return `Hyperparameters, chosen on passages of their own\n${figures}`;
}

function audit({ experiment }: ExperimentReport): string {
  if (!experiment.audit || experiment.audit.length === 0) return "";
  const figures = table(experiment.audit, [
    { head: "report questions", cell: ({ wording, questions }) => `${questions} ${wording}` },
    { head: "against", cell: ({ source }) => source },
    { head: "texts", cell: ({ texts }) => String(texts), right: true },
    { head: "run, mean", cell: ({ meanRun }) => meanRun.toFixed(1), right: true },
    { head: "longest", cell: ({ longestRun }) => String(longestRun), right: true },
    { head: "verbatim", cell: ({ verbatim }) => String(verbatim), right: true },
    { head: "the one with the longest", cell: ({ example = "" }) => example, max: 60 },
  ]);
  return `Words in a row that report questions share with other texts, names and numbers apart\n${figures}`;
}

/** What could not be used. */
export function problemWords(experiment: Experiment): string {
  const { problems, problemCount } = problemFacts(experiment);
  if (problemCount === 0) return "";
  const rest = problemCount - problems.length;
  return [
    `Left out (${problemCount}):`,
    ...problems.map((it) => `  ${it}`),
    ...(rest > 0 ? [`  and ${rest} more, which the JSON has.`] : []),
  ].join("\n");
}

function rate(value: number | null): string {
  return value === null ? "–" : value.toExponential().replace("e-", "e−");
}
