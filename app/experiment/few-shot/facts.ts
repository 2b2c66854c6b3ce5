import type { FewShotArm } from "../../../agent/experiment/few-shot/config.ts";
import type { FewShotReport } from "../../../agent/experiment/few-shot/report.ts";
import type { ArmBar } from "../../../views/charts/arms.ts";
import type { FewShotFacts } from "../../../views/experiment-types.ts";
import { experimentLine, problemFacts } from "../facts.ts";

/** An arm as people know it. */
export function fewShotArmName(arm: FewShotArm, { config }: Pick<FewShotReport, "config">): string {
  const { rounds, search } = config;
  return {
    context: "in context",
    own: "own recipe, no RL",
    fixed: "best fixed recipe",
    seal: `SEAL, ${rounds} ${rounds === 1 ? "round" : "rounds"}`,
    oracle: `oracle of ${search} (test-selected)`,
  }[arm];
}

/** The chart: tasks that are solved, and beside them those solved by the first attempt. */
export function fewShotBars(report: FewShotReport): ArmBar[] {
  return report.arms.map(({ arm, solved, first }) => ({
    group: "Tasks solved within two attempts; hollow: with the first",
    label: fewShotArmName(arm, report),
    ...solved,
    beside: first.mean,
  }));
}

/** An experiment of few examples as its page shows it. */
export function fewShotFacts(report: FewShotReport): FewShotFacts {
  const { experiment, config, tasks, secondsPerRecipe } = report;
  const name = (arm: FewShotArm) => fewShotArmName(arm, report);
  return {
    line: experimentLine(experiment),
    ...{ tasks, seeds: config.seeds.length, views: config.views, secondsPerRecipe },
    arms: report.arms.map((line) => ({ ...line, name: name(line.arm) })),
    differences: report.comparisons.map(({ arm, over, tasks, solved, logprob }) => ({
      name: `${name(arm)} − ${name(over)}`,
      passages: tasks,
      difference: solved,
      logprob,
    })),
    writers: report.writers,
    ...problemFacts(experiment),
  };
}
