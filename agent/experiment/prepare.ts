import {
  addExperiment,
  type Experiment,
  findExperiment,
  listExperimentPassages,
} from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import { sha256 } from "../read/hash.ts";
import type { ExperimentConfig } from "./config.ts";
import type { ExperimentData, ExperimentItem } from "./data.ts";
import { deal } from "./deal.ts";
import { keepReadableData } from "./fit.ts";
import type { LabPassage } from "./lab.ts";

/** Counts up when the same configuration would no longer give the same figures. */
const FORMAT = 1;

export interface Prepared {
  experiment: Experiment;
  passages: LabPassage[];
}

/**
 * Finds the experiment of a configuration, data and model, or begins it: every passage is given its part,
 * and what cannot be used is recorded.
 * @throws ExperimentDataError where there is too little data
 */
export async function prepare(
  db: Database,
  request: {
    kind: Experiment["kind"];
    config: ExperimentConfig;
    data: ExperimentData;
    model: { name: string; hash: string };
    machine: Record<string, unknown>;
  },
  trainer: () => Promise<ModelTrainer>,
): Promise<Prepared> {
  const { kind, config, data, model, machine } = request;
  const key = sha256(JSON.stringify([FORMAT, kind, config, data.hash, model.hash]));
  const there = findExperiment(db, key);
  if (there) return { experiment: there, passages: passagesOf(db, there, data.items) };
  const readable = await keepReadableData(await trainer(), data, config);
  const dealt = deal(readable, config);
  const experiment = addExperiment(
    db,
    {
      kind,
      key,
      config: { ...config },
      model: model.name,
      modelHash: model.hash,
      data: data.name,
      dataHash: data.hash,
      machine,
      problems: readable.problems,
    },
    dealt.map(({ item: _, ...passage }) => passage),
  );
  return { experiment, passages: passagesOf(db, experiment, readable.items) };
}

/** Its passages with what the data knows of them. */
function passagesOf(
  db: Database,
  experiment: Experiment,
  items: readonly ExperimentItem[],
): LabPassage[] {
  const byText = new Map(items.map((item) => [`${item.title}\n${item.context}`, item]));
  return listExperimentPassages(db, experiment.id).map((passage) => ({
    ...passage,
    item: byText.get(`${passage.title}\n${passage.text}`)!,
  }));
}
