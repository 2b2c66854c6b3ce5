/**
 * How much of a reward is the edit, and how much the luck of the training? Own edits of an experiment's reported
 * passages are learned again, with other seeds and nothing else changed, and rewarded again:
 *
 *     SELKIE_HOME=tmp/experiments bun run bench:luck --experiment 1 --passages 75 --json
 *
 * Interrupted, it goes on where it was: every training is a row of the experiment's database.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mean } from "../agent/decide.ts";
import type { ExperimentConfig } from "../agent/experiment/config.ts";
import type { Lab } from "../agent/experiment/lab.ts";
import { learn, scoreBase } from "../agent/experiment/learn.ts";
import { rewardEdits } from "../agent/experiment/reward.ts";
import { openScratch } from "../agent/experiment/scratch.ts";
import { openHome } from "../agent/home.ts";
import { bootstrap } from "../agent/measure/paired.ts";
import { EMBEDDED_MODEL, loadConfig } from "../app/config.ts";
import { findSearch, listEdits } from "../db/experiment-results.ts";
import { getExperiment, listExperimentPassages } from "../db/experiments.ts";
import { openDatabase } from "../db/open.ts";
import { Trainer } from "../trainer/index.ts";
import { thisMachine } from "./trainer/machine.ts";

const { values: flags } = parseArgs({
  options: {
    experiment: { type: "string", default: "1" },
    kind: { type: "string" },
    passages: { type: "string", default: "75" },
    json: { type: "boolean", default: false },
  },
});
/** Of the trainings; the first is the experiment's own. */
const SEEDS = [1, 101, 102];

const home = openHome(loadConfig().home);
const db = openDatabase(home.database);
const experiment = getExperiment(db, Number(flags.experiment));
if (!experiment) throw new Error(`There is no experiment ${flags.experiment} in ${home.root}.`);
const config = experiment.config as unknown as ExperimentConfig;
const kind = config.kinds.find((it) => it === (flags.kind ?? config.kinds[0]));
if (!kind) throw new Error(`The experiment has no edits of the kind ${flags.kind}.`);
const form = { arm: "own", kind, regime: "single", budget: "epochs" } as const;
const setting = findSearch(db, { experimentId: experiment.id, ...form });
if (!setting) throw new Error("The experiment has chosen no learning rate for own edits.");
const trainer = await Trainer.start({ model: EMBEDDED_MODEL, backend: "cpu" });
const nobody = () => Promise.reject(new Error("Everything has been written already."));
const lab: Lab = {
  db,
  home,
  experiment,
  config,
  scratch: openScratch(home),
  passages: [],
  trainer: async () => trainer,
  generator: nobody,
  onProblem: ({ problem }) => console.error(problem),
  onProgress: () => {},
  isLate: () => false,
  signal: new AbortController().signal,
};

/** Rewards by passage, training and edit. */
const rewards: number[][][] = [];
const reported = listExperimentPassages(db, experiment.id).filter(({ role }) => role === "report");
for (const row of reported.slice(0, Number(flags.passages))) {
  // What its questions come from is not asked for.
  const passage = { ...row, item: undefined as never };
  const edits = listEdits(db, { passageId: row.id, seed: 1, writer: "own", kind });
  const base = await scoreBase(lab, [passage]);
  const byTraining: number[][] = [];
  for (const seed of SEEDS) {
    const { learningRate, epochs } = setting;
    const rest = { learningRate, epochs: epochs ?? config.recipe.epochs };
    const specs = edits.map((edit) => ({ passages: [passage], edits: [edit], seed, ...rest }));
    const updates = await learn(lab, specs);
    byTraining.push(rewardEdits(lab, base, edits, updates).map(({ reward }) => reward));
  }
  rewards.push(byTraining);
}
await trainer.close();
rmSync(join(home.adapters, lab.scratch), { recursive: true, force: true });

const others = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;
const result = {
  machine: thisMachine(),
  model: experiment.modelHash,
  experiment: experiment.id,
  data: experiment.data,
  kind,
  passages: rewards.length,
  edits: config.edits,
  trainings: SEEDS.length,
  learningRate: setting.learningRate,
  epochs: setting.epochs,
  /** Of the rewards of two trainings of the same edits, within passages; the mean of the three pairs. */
  correlation: mean(others.map(([a, b]) => correlation(a, b))),
  /** By how much the best of M by one training leads their mean there, and in another training. */
  leadInItsTraining: figure((passage) => mean(passage.map((it) => lead(it, it)))),
  leadInAnother: figure((passage) =>
    mean(
      others.flatMap(([a, b]) => [lead(passage[a]!, passage[b]!), lead(passage[b]!, passage[a]!)]),
    ),
  ),
  /** The best by the mean of two trainings, in the third. */
  leadOfTwoInAThird: figure((passage) =>
    mean(
      others.map(([a, b]) => {
        const both = passage[a]!.map((it, i) => it + passage[b]![i]!);
        return lead(both, passage[3 - a - b]!);
      }),
    ),
  ),
};
if (flags.json) console.log(JSON.stringify(result, null, 2));
else console.table({ ...result, machine: undefined });
process.exit(0);

/** By how much the edit that is best by some rewards leads the mean of all by others. */
function lead(by: readonly number[], rewards: readonly number[]): number {
  return rewards[by.indexOf(Math.max(...by))]! - mean([...rewards]);
}

function figure(of: (passage: number[][]) => number) {
  const values = rewards.map(of);
  return { mean: mean(values), ...bootstrap(values, 1) };
}

/** Pearson's, of what is left of two trainings' rewards without the passages' means. */
function correlation(a: number, b: number): number {
  const centred = (training: number) =>
    rewards.flatMap((passage) => passage[training]!.map((it) => it - mean(passage[training]!)));
  const [x, y] = [centred(a), centred(b)];
  const product = (p: number[], q: number[]) => mean(p.map((it, i) => it * q[i]!));
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}
