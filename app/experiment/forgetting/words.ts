import type { ForgettingLine } from "../../../agent/experiment/forgetting/figures.ts";
import type { ForgettingReport } from "../../../agent/experiment/forgetting/report.ts";
import { type Column, decimal, table } from "../../table.ts";
import { figures, share, shares } from "../columns.ts";
import { capital, wordingWords } from "../facts.ts";
import { ARM_WORDS } from "./facts.ts";

/** What an experiment of forgetting found, as tables for a terminal. */
export function forgettingWords(report: ForgettingReport): string {
  const { experiment, config, courses, audit } = report;
  const state = experiment.finishedAt === null ? "not finished" : "finished";
  const head = [
    `Experiment ${experiment.id} (${experiment.kind}), ${state}: ${experiment.model} on ${experiment.data}`,
    `${config.sequences} × ${config.length} passages, ${config.orders === 1 ? "one order" : `${config.orders} orders`}; ${courses.over} of ${courses.planned} courses in ${(experiment.seconds / 60).toFixed(1)} min`,
    `${audit.rows} rows were trained on, ${audit.asked} of them with a report question in its words`,
  ].join("\n");
  if (report.arms.length === 0) return head;
  return [head, ...memory(report), over(report), base(report), cost(report), curves(report)].join(
    "\n\n",
  );
}

/** What was learned and kept, wording by wording. */
function memory({ arms }: ForgettingReport): string[] {
  return [...Map.groupBy(arms, ({ wording }) => wording).values()].map((lines) => {
    const title = `${capital(wordingWords(lines[0]!))}: exact, with 95% intervals over ${lines[0]!.courses === lines[0]!.units ? "courses" : "sequences"}`;
    return `${title}\n${table(lines, [
      name,
      { head: "n", cell: ({ courses }) => String(courses), right: true },
      { head: "base", cell: ({ base }) => share(base), right: true },
      ...shares("right after", ({ right }: ForgettingLine) => right),
      ...shares("at the end", ({ final }: ForgettingLine) => final),
      ...figures("kept", ({ kept }: ForgettingLine) => kept),
      ...figures("BWT", ({ bwt }: ForgettingLine) => bwt, true),
    ])}`;
  });
}

/** The rest of the measures, in the main wording. */
function over({ arms }: ForgettingReport): string {
  const lines = arms.filter(({ wording }) => wording === arms[0]!.wording);
  return `More measures, in the same wording\n${table(lines, [
    name,
    ...figures("forgetting", ({ forgetting }: ForgettingLine) => forgetting, true),
    ...figures("FWT", ({ fwt }: ForgettingLine) => fwt, true),
    ...figures("net gain", ({ netGain }: ForgettingLine) => netGain, true),
    ...figures("right / SEAL's", (it: ForgettingLine) => it.rightOfSeal),
    ...figures("end − SEAL's", (it: ForgettingLine) => it.finalOverSeal, true),
    { head: "log p after", cell: (it) => decimal(it.rightLogprob), right: true },
    { head: "at the end", cell: (it) => decimal(it.finalLogprob), right: true },
  ])}`;
}

function base({ costs }: ForgettingReport): string {
  type Line = (typeof costs)[number];
  return `What is left of the base at the end: shares of its own right answers; perplexity as a multiple of the base's\n${table(
    costs,
    [
      name,
      ...shares("known facts", ({ fact }: Line) => fact),
      ...shares("reading", ({ reading }: Line) => reading),
      ...shares("writing", ({ writing }: Line) => writing),
      ...figures("perplexity", ({ perplexity }: Line) => perplexity),
      { head: "KL", cell: ({ kl }) => decimal(kl?.mean), right: true },
    ],
  )}`;
}

function cost({ costs }: ForgettingReport): string {
  type Line = (typeof costs)[number];
  return `What it took: seconds of an update\n${table(costs, [
    name,
    { head: "updates", cell: ({ updates }) => String(updates), right: true },
    { head: "not kept", cell: ({ rejected }) => String(rejected), right: true },
    { head: "scaled", cell: ({ rescaled }) => String(rescaled), right: true },
    { head: "seconds", cell: ({ seconds }) => decimal(seconds), right: true },
    { head: "training", cell: ({ trainSeconds }) => decimal(trainSeconds), right: true },
    { head: "sleep", cell: ({ sleepSeconds }) => decimal(sleepSeconds), right: true },
    {
      head: "by quarter",
      cell: ({ quarters }) => quarters.map((it) => decimal(it)).join(" "),
    },
    ...figures("last / first", ({ slowdown }: Line) => slowdown),
    { head: "rows", cell: ({ rows }) => String(rows), right: true },
    { head: "asked", cell: ({ askedRows }) => String(askedRows), right: true },
  ])}`;
}

function curves({ matrices, config }: ForgettingReport): string {
  const lines = matrices.filter(({ curve }) => curve.length > 0);
  const steps = Array.from({ length: config.length }, (_, t) => t).filter(
    (t) => config.length <= 16 || (t + 1) % Math.ceil(config.length / 10) === 0,
  );
  return `Mean over what was learned so far, after so many passages\n${table(lines, [
    name,
    ...steps.map((t): Column<(typeof lines)[number]> => {
      const cell = ({ curve }: (typeof lines)[number]) => share(curve[t] ?? null);
      return { head: String(t + 1), cell, right: true };
    }),
  ])}`;
}

const name: Column<{ arm: string }> = { head: "arm", cell: ({ arm }) => ARM_WORDS[arm] ?? arm };
