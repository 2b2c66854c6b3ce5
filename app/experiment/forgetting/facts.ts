import type { ForgettingReport } from "../../../agent/experiment/forgetting/report.ts";
import type { ArmBar } from "../../../views/charts/arms.ts";
import type { HistoryCurve } from "../../../views/charts/history.ts";
import type { ForgettingFacts } from "../../../views/experiment-types.ts";
import { capital, experimentLine, wordingWords } from "../facts.ts";

/** What arms are called for people. */
export const ARM_WORDS: Readonly<Record<string, string>> = {
  seal: "SEAL: merged at each step",
  single: "one adapter, no defence",
  replay: "with replay",
  rehearsal: "with rehearsal of the base",
  gate: "with the gate",
  sleep: "with sleep",
  full: "everything",
  "replay-all": "replay of everything",
  joint: "all at once",
  "no-replay": "everything but replay",
  "no-rehearsal": "everything but rehearsal",
  "no-gate": "everything but the gate",
  "no-sleep": "everything but sleep",
};

/** What the curves are drawn over. */
export const CURVE_AXIS = "passages learned";

/** Those that stand out among many lines. */
const MAIN_ARMS = new Set(["seal", "full"]);

/** The chart: accuracy at the end, and beside it right after learning, in the main wording. */
export function forgettingBars({ arms, config }: ForgettingReport): ArmBar[] {
  return arms
    .filter(({ wording }) => wording === arms[0]!.wording)
    .map(({ arm, final, right }) => ({
      group: `After ${config.length} passages; hollow: right after each was learned`,
      label: ARM_WORDS[arm] ?? arm,
      ...final,
      ...(right && { beside: right.mean }),
    }));
}

/** The chart of SEAL's experiment: the mean over what was learned so far, step by step. */
export function forgettingCurves({ matrices }: ForgettingReport): HistoryCurve[] {
  return matrices
    .filter(({ curve }) => curve.length > 0)
    .map(({ arm, curve }) => ({
      label: arm,
      values: curve.map((value, t) => [t + 1, value]),
      main: MAIN_ARMS.has(arm),
    }));
}

/** An experiment of forgetting as its page shows it. */
export function forgettingFacts(report: ForgettingReport): ForgettingFacts {
  const { experiment, config, courses, audit, costs } = report;
  const wordings = Map.groupBy(report.arms, ({ wording }) => wording);
  return {
    line: experimentLine(experiment),
    ...{ sequences: config.sequences, length: config.length, orders: config.orders },
    ...{ courses, audit },
    forms: [...wordings.values()].map((lines) => ({
      wording: `${capital(wordingWords(lines[0]!))}.`,
      arms: lines.map((line) => ({ ...line, name: ARM_WORDS[line.arm] ?? line.arm })),
    })),
    costs: costs.map((line) => ({ ...line, name: ARM_WORDS[line.arm] ?? line.arm })),
    overlaps: experiment.audit ?? [],
  };
}
