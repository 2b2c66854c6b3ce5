import { listControl, saveControlScores } from "../../db/control.ts";
import type { MemoryFigures } from "../../db/measurements.ts";
import { meanForward, type NewBelief } from "../../db/measurements.ts";
import type { Database } from "../../db/open.ts";
import { type Askable, getRetained, listAskable } from "../../db/retention.ts";
import type { ProbeScore } from "../../db/scores.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import { controlFigures } from "../control/measure.ts";
import { perToken } from "../decide.ts";
import type { TextGenerator } from "../generator/types.ts";
import { scoreProbes } from "../learn/score.ts";
import { type Doubt, findBeliefs } from "./beliefs.ts";
import { type Asked, memoryFigures } from "./figures.ts";
import { drawStratified, estimateTotal, type Stratum } from "./sample.ts";

export interface AskOptions {
  db: Database;
  trainer(): Promise<ModelTrainer>;
  generator(): Promise<TextGenerator>;
  model: { embedded: boolean };
  /** Whose control set is asked, see `baseFingerprint`; none where it has none. */
  base: string;
  /** The version that is measured, and the path of its adapter; none is the untouched base. */
  version: number;
  adapter?: string;
  /** Report probes at most; all where nothing is said. */
  budget?: number;
  seed: number;
  signal?: AbortSignal;
  /** Told how far it is: probes asked, of how many. */
  onProgress?: (asked: number, of: number) => void;
}

/** What was found under a version, not stored yet. */
export interface Finding {
  figures: MemoryFigures;
  looks: ProbeScore[];
  control: (Omit<ProbeScore, "probeId"> & { itemId: number })[];
  beliefs: NewBelief[];
}

/** Probes that are scored in one request: between two of them it can be stopped. */
const CHUNK = 500;

/**
 * Measures the memory under a version: report probes, drawn within the budget, and the report half of
 * the control set. What is found says nothing to the gate or to replay, which have probes of their own.
 */
export async function askMemory(options: AskOptions): Promise<Finding> {
  const { db, version, seed, adapter, signal } = options;
  const frame = listAskable(db, "report");
  const budget = options.budget ?? frame.length;
  const strata = drawStratified(frame, { budget, version, seed: seed + version });
  const ids = strata.flatMap(({ drawn }) => drawn.map(({ probeId }) => probeId));
  const looks: ProbeScore[] = [];
  const asked = new Map<number, Asked & { prompt: string; answer: string; question: string }>();
  const places = new Map(strata.flatMap(({ drawn }) => drawn.map((it) => [it.probeId, it])));
  for (let i = 0; i < ids.length; i += CHUNK) {
    signal?.throwIfAborted();
    options.onProgress?.(i, ids.length);
    const rows = getRetained(db, ids.slice(i, i + CHUNK));
    const probes = rows.map(({ probe }) => probe);
    const trainer = await options.trainer();
    const scores = await scoreProbes(trainer, probes, options.model, { adapter, signal });
    looks.push(...scores);
    rows.forEach(({ probe, retention }, j) => {
      const { exact } = scores[j]!;
      const { prompt, answer, question } = probe;
      asked.set(probe.id, {
        ...places.get(probe.id)!,
        now: { exact, logprob: perToken(scores[j]!) },
        anchor: { exact: retention.anchorExact, logprob: retention.anchorLogprob },
        base: { exact: retention.baseExact, logprob: retention.baseLogprob },
        everExact: retention.everExact,
        prompt,
        answer,
        question,
      });
    });
  }
  const answered = strata.map(({ key, population, drawn }) => ({
    key,
    population,
    drawn: drawn.map(({ probeId }) => asked.get(probeId)!),
  }));
  const control = await askControl(options);
  const wrong = [...asked.values()].filter(({ now }) => !now.exact);
  const beliefs = await findBeliefs(
    { trainer: options.trainer, generator: options.generator },
    [
      ...wrong.map(
        (it): Doubt => ({ ...it, end: options.model.embedded && it.kind === "written" }),
      ),
      ...control.doubts,
    ],
    { version, adapter, signal },
  );
  return {
    figures: {
      ...memoryFigures(frame, answered, version),
      fwt: meanForward(db).mean,
      control: control.figures,
      beliefs: countBeliefs(answered, beliefs),
    },
    looks,
    control: control.scores,
    beliefs,
  };
}

async function askControl({ db, base, trainer, adapter, signal }: AskOptions) {
  const items = listControl(db, base, "report");
  if (items.length === 0) return { figures: null, scores: [], doubts: [] };
  const options = { ...(adapter && { adapter }), ...(signal && { signal }) };
  const scores = await (await trainer()).score(items, options);
  const results = items.map((item, i) => ({ kind: item.kind, base: item, now: scores[i]! }));
  const lost = items.filter(({ kind }, i) => kind === "fact" && !scores[i]!.exact);
  return {
    figures: controlFigures(results),
    scores: items.map(({ id }, i) => ({ itemId: id, ...scores[i]! })),
    doubts: lost.map(
      ({ id, context, answer, about, end }): Doubt => ({
        controlId: id,
        prompt: context,
        question: /^Question: (.*)$/m.exec(context)?.[1] ?? about,
        answer: answer.trim(),
        end,
      }),
    ),
  };
}

/** How many of all probes are believed wrongly, from those that were drawn. */
function countBeliefs(strata: Stratum<Asked>[], beliefs: NewBelief[]) {
  const wrong = new Set(beliefs.map(({ probeId }) => probeId));
  const is = ({ probeId }: Askable) => (wrong.has(probeId) ? 1 : 0);
  const { mean, low, high } = estimateTotal(strata, is, () => 1);
  return { mean, low: Math.max(0, low), high };
}

/** Stores the scores of control items. */
export function saveControl(db: Database, version: number, rows: Finding["control"]): void {
  saveControlScores(db, version, rows);
}
