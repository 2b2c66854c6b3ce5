import type { FewShotComparison, FewShotLine } from "../../../agent/experiment/few-shot/figures.ts";
import type { FewShotReport, WriterLine } from "../../../agent/experiment/few-shot/report.ts";
import { AUGMENTATIONS, type Augmentation, recipeText } from "../../../agent/skills/recipe.ts";
import { decimal, percent, table } from "../../table.ts";
import { chance, points, share, shares } from "../columns.ts";
import { problemWords } from "../words.ts";
import { fewShotArmName } from "./facts.ts";

/** Searched recipes that are told. */
const TOLD = 5;

/** What an experiment of few examples found, as tables for a terminal. */
export function fewShotWords(report: FewShotReport): string {
  return [
    head(report),
    arms(report),
    differences(report),
    writers(report),
    rounds(report),
    search(report),
    problemWords(report.experiment),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function head({ experiment, config, tasks, updates, secondsPerRecipe: each }: FewShotReport) {
  const state = experiment.finishedAt === null ? "not finished" : "finished";
  const seeds = `${config.seeds.length} ${config.seeds.length === 1 ? "seed" : "seeds"}`;
  return [
    `Experiment ${experiment.id} (${experiment.kind}), ${state}: ${experiment.model} on ${experiment.data}`,
    `${tasks.reported} of ${tasks.report} tasks reported, ${seeds}; ${tasks.train} tasks for the writer and the fixed recipe`,
    `${updates} updates in ${(experiment.seconds / 60).toFixed(1)} min${each ? `: ${decimal(each.all)} s a recipe, ${decimal(each.training)} s of it training` : ""}`,
  ].join("\n");
}

function arms(report: FewShotReport): string {
  if (report.arms.length === 0) return "";
  const { views } = report.config;
  const figures = table(report.arms, [
    { head: "arm", cell: ({ arm }) => fewShotArmName(arm, report) },
    { head: "tasks", cell: ({ tasks }) => String(tasks), right: true },
    ...shares("solved", ({ solved }: FewShotLine) => solved),
    { head: "first", cell: ({ first }) => share(first.mean), right: true },
    { head: "greedy", cell: ({ exact }) => share(exact.mean), right: true },
    { head: "log p/token", cell: ({ logprob }) => decimal(logprob.mean), right: true },
    { head: "by seed", cell: ({ bySeed }) => bySeed.map(({ mean }) => share(mean)).join(" ") },
    { head: "steps", cell: ({ steps }) => steps?.toFixed(0) ?? "–", right: true },
    { head: "seconds", cell: ({ seconds }) => decimal(seconds), right: true },
    { head: "cut", cell: ({ bounded, trained }) => ofAll(bounded, trained), right: true },
    { head: "diverged", cell: ({ diverged, trained }) => ofAll(diverged, trained), right: true },
    { head: "invalid", cell: ({ invalid }) => (invalid > 0 ? String(invalid) : ""), right: true },
  ]);
  return `Tasks solved within two attempts, of the votes of ${views} views; first: with one; greedy: tests right when asked once; cut: by the budget of ${report.config.steps} full steps\n${figures}`;
}

function differences(report: FewShotReport): string {
  const { comparisons } = report;
  if (comparisons.length === 0) return "";
  return table(comparisons, [
    {
      head: "difference",
      cell: ({ arm, over }) => `${fewShotArmName(arm, report)} − ${fewShotArmName(over, report)}`,
    },
    { head: "tasks", cell: ({ tasks }) => String(tasks), right: true },
    { head: "points", cell: ({ solved }) => points(solved.mean), right: true },
    {
      head: "95%",
      cell: ({ solved: { low, high } }: FewShotComparison) => `${points(low)} to ${points(high)}`,
    },
    { head: "p", cell: ({ solved }) => chance(solved.p), right: true },
    { head: "log p/token", cell: ({ logprob }) => decimal(logprob.mean, true), right: true },
    {
      head: "95%",
      cell: ({ logprob: { low, high } }) => `${decimal(low, true)} to ${decimal(high, true)}`,
    },
  ]);
}

function writers({ writers }: FewShotReport): string {
  if (writers.length === 0) return "";
  const figures = table(writers, [
    { head: "writer", cell: ({ writer }) => writer },
    { head: "seed", cell: ({ seed }) => String(seed), right: true },
    { head: "for", cell: ({ role }) => role },
    { head: "recipes", cell: ({ recipes }) => String(recipes), right: true },
    { head: "invalid", cell: ({ invalid }) => String(invalid), right: true },
    { head: "different", cell: ({ different }) => String(different), right: true },
    ...AUGMENTATIONS.map((name: Augmentation) => ({
      head: name,
      cell: ({ augmentations }: WriterLine) => percent(augmentations[name]),
      right: true,
    })),
    { head: "output loss", cell: ({ output }) => percent(output), right: true },
    { head: "rate", cell: ({ rate }) => rate.toPrecision(2), right: true },
    { head: "epochs", cell: ({ epochs }) => epochs.toFixed(1), right: true },
    { head: "greedy", cell: ({ exact }) => share(exact), right: true },
  ]);
  return `Recipes as they were written: shares and means\n${figures}`;
}

function rounds({ rounds }: FewShotReport): string {
  if (rounds.length === 0) return "";
  return `Rounds of the writer\n${table(rounds, [
    { head: "seed", cell: ({ seed }) => String(seed), right: true },
    { head: "round", cell: ({ round }) => String(round), right: true },
    { head: "winners", cell: ({ editIds }) => String(editIds.length), right: true },
    { head: "rows", cell: ({ rows }) => String(rows), right: true },
    { head: "loss", cell: ({ losses }) => `${decimal(losses[0])} → ${decimal(losses.at(-1))}` },
    { head: "seconds", cell: ({ seconds }) => seconds.toFixed(0), right: true },
  ])}`;
}

function search({ search, config }: FewShotReport): string {
  if (search.length === 0) return "";
  const figures = table(search.slice(0, TOLD), [
    { head: "recipe", cell: ({ recipe }) => recipeText(recipe) },
    { head: "greedy", cell: ({ exact }) => share(exact), right: true },
    { head: "log p/token", cell: ({ logprob }) => decimal(logprob), right: true },
  ]);
  return `The best of ${config.search} recipes on the training tasks; the first is the fixed one\n${figures}`;
}

function ofAll(count: number, all: number): string {
  return count > 0 ? `${count} of ${all}` : "";
}
