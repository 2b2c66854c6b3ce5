import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  addUpdate,
  type ExperimentEdit,
  type ExperimentUpdate,
  findUpdate,
  type NewScore,
  type NewUpdate,
} from "../../db/experiment-results.ts";
import { type ExperimentQuestion, listQuestions } from "../../db/experiments.ts";
import { seedFor } from "../../trainer/random.ts";
import type { ModelTrainer, TrainingRow } from "../../trainer/types.ts";
import { trainCandidate, UNTRAINED } from "../candidate.ts";
import { sameAnswer } from "../probe/answers.ts";
import { answerText } from "../prompts.ts";
import { sha256 } from "../read/hash.ts";
import { type RewardProbe, standingsUnder } from "../reward/reward.ts";
import { editRows } from "../study/rows.ts";
import type { Lab, LabPassage } from "./lab.ts";

/** Adapters that are scored in one call; the base's part of the work is shared by them. */
const SCORED_TOGETHER = 8;
/** What was trained for so long is scored and recorded before more is trained. */
const UNRECORDED_MS = 60_000;
/** Tokens of a generated answer at most. */
const ANSWER_TOKENS = 48;
const MAX_SEED = 0x7fffffff;

/** What is learned at once, always from the untouched base. */
export interface UpdateSpec {
  passages: LabPassage[];
  /** One edit of each passage; none for the passages alone. */
  edits: ExperimentEdit[];
  seed: number;
  learningRate: number;
  epochs: number;
}

interface Pending {
  passages: LabPassage[];
  update: NewUpdate;
  /** The adapter; none for the base, and where training diverged. */
  adapter: string | null;
}

/** How the questions about some passages stand before anything is learned. */
export async function scoreBase(lab: Lab, passages: LabPassage[]): Promise<ExperimentUpdate> {
  const update = describe(lab, { passages, edits: [], seed: 0, learningRate: 0, epochs: 0 });
  const there = findUpdate(lab.db, lab.experiment.id, update.key);
  if (there) return there;
  const [row] = await record(lab, [{ passages, update, adapter: null }]);
  return row!;
}

/**
 * Learns each of several things on an adapter of its own, asks all questions about its passages, those
 * of the same passages in one call, and forgets the adapters. What is recorded already is not done again.
 * @returns an update for each, in their order
 * @throws TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function learn(lab: Lab, specs: readonly UpdateSpec[]): Promise<ExperimentUpdate[]> {
  const updates = new Map<string, ExperimentUpdate>();
  let pending: Pending[] = [];
  let since = performance.now();
  const flush = async () => {
    const same = Map.groupBy(pending, ({ update }) => update.passageIds.join());
    for (const group of same.values()) {
      for (const row of await record(lab, group)) updates.set(row.key, row);
    }
    pending = [];
    since = performance.now();
  };
  const keys = specs.map((spec) => describe(lab, spec).key);
  for (const [i, spec] of specs.entries()) {
    const key = keys[i]!;
    const there = updates.get(key) ?? findUpdate(lab.db, lab.experiment.id, key);
    if (there) updates.set(key, there);
    if (there || pending.some(({ update }) => update.key === key)) {
      lab.onProgress({ phase: "", found: spec.passages.length });
      continue;
    }
    lab.signal.throwIfAborted();
    pending.push(await train(lab, spec));
    const late = performance.now() - since > UNRECORDED_MS;
    if (pending.length >= SCORED_TOGETHER || late) await flush();
    lab.onProgress({ phase: "", learned: spec.passages.length });
  }
  await flush();
  return keys.map((key) => updates.get(key)!);
}

/** All rows of an update: each passage, and the lines of its edit. */
export async function rowsOf(
  trainer: ModelTrainer,
  { passages, edits }: Pick<UpdateSpec, "passages" | "edits">,
): Promise<TrainingRow[]> {
  const lines = new Map(edits.map((edit) => [edit.passageId, edit.lines]));
  const rows: TrainingRow[] = [];
  for (const passage of passages) {
    rows.push(...(await editRows(trainer, passage, lines.get(passage.id) ?? [])));
  }
  return rows;
}

/** Supervised tokens of one epoch: those of the segments with loss, and each row's end. */
export async function supervisedTokens(
  trainer: ModelTrainer,
  rows: readonly TrainingRow[],
): Promise<number> {
  const texts = rows.flatMap(({ segments }) =>
    segments.filter(({ loss }) => loss).map(({ text }) => text),
  );
  const tokens = await trainer.countTokens(texts);
  const ends = rows.filter(({ end }) => end).length;
  return tokens.reduce((sum, n) => sum + n, ends);
}

async function train(lab: Lab, spec: UpdateSpec): Promise<Pending> {
  const { recipe } = lab.config;
  const update = describe(lab, spec);
  const out = join(lab.home.adapters, lab.scratch, `${update.key}.gguf`);
  const trainer = await lab.trainer();
  const rows = await rowsOf(trainer, spec);
  const { learningRate, epochs, seed, passages } = spec;
  // The same initial weights for every arm on a passage.
  const own = seedFor(seed, passages.map(({ ordinal }) => ordinal).join()) % MAX_SEED;
  const job = {
    rows,
    lora: recipe.lora,
    options: { ...recipe.train, learningRate, epochs, seed: own },
    out,
  };
  const { adapter, figures } = await trainCandidate(trainer, job, lab.signal);
  return { passages, update: { ...update, ...figures }, adapter };
}

/** Asks the questions under every adapter in one call; where training diverged, the base answers. */
async function record(lab: Lab, pending: readonly Pending[]): Promise<ExperimentUpdate[]> {
  const { db, config, signal } = lab;
  try {
    const questions = pending[0]!.passages.flatMap(({ id }) => listQuestions(db, id));
    const probes = questions.map((question) => probeOf(question, config.end));
    const adapters = pending.map(({ adapter }) => adapter);
    const all = await standingsUnder(await lab.trainer(), adapters, probes, { signal });
    const rows: ExperimentUpdate[] = [];
    for (const [i, { update, adapter }] of pending.entries()) {
      const said = config.answers ? await answer(lab, questions, adapter) : new Map();
      const scores = all[i]!.map(({ logprob, distractors = null, rank, exact }, j): NewScore => {
        const question = questions[j]!;
        const generated = said.get(question.id) ?? null;
        const match =
          generated === null ? null : question.answers.some((it) => sameAnswer(generated, it));
        return { questionId: question.id, logprob, distractors, rank, exact, generated, match };
      });
      rows.push(addUpdate(db, update, scores));
    }
    return rows;
  } finally {
    for (const { adapter } of pending) if (adapter) rmSync(adapter, { force: true });
  }
}

/** Answers to the report questions in the model's own words, by question. */
async function answer(
  { generator, signal }: Lab,
  questions: readonly ExperimentQuestion[],
  adapter: string | null,
): Promise<Map<number, string>> {
  const asked = questions.filter(({ use }) => use === "report");
  if (asked.length === 0) return new Map();
  const requests = asked.map(({ prompt }) => ({
    prompt,
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    stop: ["\n"],
    ...(adapter && { adapter }),
  }));
  const texts = await (await generator()).generate(requests, { signal });
  return new Map(asked.map(({ id }, i) => [id, (texts[i] ?? "").trim()]));
}

/** A question as the reward sees it. */
export function probeOf(
  { prompt, answers, distractors }: Pick<ExperimentQuestion, "prompt" | "answers" | "distractors">,
  end: boolean,
): RewardProbe {
  return {
    context: prompt,
    answers: answers.map(answerText),
    distractors: distractors.map(answerText),
    end,
  };
}

/** An update before anything is known of it. */
function describe({ experiment }: Pick<Lab, "experiment">, spec: UpdateSpec): NewUpdate {
  const { passages, edits, seed, learningRate, epochs } = spec;
  const passageIds = passages.map(({ id }) => id);
  const editIds = edits.map(({ id }) => id);
  return {
    experimentId: experiment.id,
    key: sha256(JSON.stringify([passageIds, editIds, seed, learningRate, epochs])),
    passageIds,
    editIds,
    seed,
    learningRate,
    epochs,
    ...UNTRAINED,
  };
}
