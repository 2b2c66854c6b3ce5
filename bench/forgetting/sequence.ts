import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ControlItem } from "../../agent/control/build.ts";
import { type ControlFigures, controlFigures } from "../../agent/control/measure.ts";
import { mergeModel, Trainer } from "../../trainer/index.ts";
import type { Score } from "../../trainer/types.ts";
import type { Arm } from "./arms.ts";
import { type Lesson, makeSequence } from "./lessons.ts";
import { mixRows, type SizedRehearsal } from "./rows.ts";

export interface SequenceResult {
  seed: number;
  /** R[t][i]: accuracy on passage i after update t; all passages in every row. */
  matrix: number[][];
  /** The same in mean log-probability per token. */
  logprob: number[][];
  /** Of the untouched base, by passage. */
  base: number[];
  /** After the last update. */
  control: Pick<ControlFigures, "perplexity" | "kl"> &
    Record<"fact" | "reading" | "writing", number>;
  /** Seconds of training, by update. */
  seconds: number[];
  /** Tokens of one epoch, summed over the updates. */
  tokens: { fresh: number; replay: number; rehearsal: number };
}

export interface Stage {
  model: string;
  /** A folder for adapters and merged models. */
  work: string;
  /** The base, loaded: it serves every sequence of an arm without merging. */
  trainer: Trainer;
  control: ControlItem[];
  rehearsal: SizedRehearsal[];
  passages: number;
}

/** Learns one sequence of passages and scores all of them, and the control set, on the way. */
export async function runSequence(stage: Stage, arm: Arm, seed: number): Promise<SequenceResult> {
  const lessons = makeSequence(seed, stage.passages);
  const result: SequenceResult = {
    seed,
    matrix: [],
    logprob: [],
    base: accuracies(await stage.trainer.score(pairsOf(lessons)), lessons),
    control: { perplexity: null, kl: null, fact: 0, reading: 0, writing: 0 },
    seconds: [],
    tokens: { fresh: 0, replay: 0, rehearsal: 0 },
  };
  let trainer = stage.trainer;
  let model = stage.model;
  let adapter: string | undefined;
  for (const [t, now] of lessons.entries()) {
    const from = arm.merge ? undefined : adapter;
    const earlier = lessons.slice(0, t);
    const mix = await mixRows(
      trainer,
      arm,
      { now, earlier },
      { ...stage, adapter: from, seed: seed * 100 + t },
    );
    const out = join(stage.work, `${seed}-${t}.gguf`);
    const trained = await trainer.train({
      rows: mix.rows,
      lora: arm.lora,
      options: { ...arm.options, seed: seed + t },
      ...(from && { from }),
      out,
    });
    result.seconds.push(trained.seconds);
    for (const part of ["fresh", "replay", "rehearsal"] as const) {
      result.tokens[part] += mix.tokens[part];
    }
    const scores = await trainer.score(pairsOf(lessons), { adapter: out });
    result.matrix.push(accuracies(scores, lessons));
    result.logprob.push(logprobs(scores, lessons));
    if (t === lessons.length - 1) result.control = await control(trainer, stage.control, out);
    if (adapter) rmSync(adapter, { force: true });
    adapter = out;
    if (arm.merge && t < lessons.length - 1) {
      const merged = join(stage.work, `${seed}-${t}-merged.gguf`);
      await mergeModel({ base: model, adapters: [{ path: out }], out: merged, type: "f32" });
      if (trainer !== stage.trainer) {
        await trainer.close();
        rmSync(model, { force: true });
      }
      model = merged;
      trainer = await Trainer.start({ model, backend: "cpu", threads: 1 });
    }
  }
  if (trainer !== stage.trainer) {
    await trainer.close();
    rmSync(model, { force: true });
  }
  if (adapter) rmSync(adapter, { force: true });
  return result;
}

async function control(trainer: Trainer, items: ControlItem[], adapter: string) {
  const scores = await trainer.score(items, { adapter });
  const results = items.map((base, i) => ({ kind: base.kind, base, now: scores[i]! }));
  const { perplexity, kl, fact, reading, writing } = controlFigures(results);
  return {
    perplexity,
    kl,
    fact: fact?.mean ?? 0,
    reading: reading?.mean ?? 0,
    writing: writing?.mean ?? 0,
  };
}

function pairsOf(lessons: Lesson[]) {
  return lessons.flatMap(({ probes }) => probes);
}

function accuracies(scores: Score[], lessons: Lesson[]): number[] {
  return perLesson(scores, lessons, ({ exact }) => (exact ? 1 : 0));
}

function logprobs(scores: Score[], lessons: Lesson[]): number[] {
  return perLesson(scores, lessons, ({ logprob, tokens }) => logprob / tokens);
}

function perLesson(scores: Score[], lessons: Lesson[], value: (score: Score) => number): number[] {
  let at = 0;
  return lessons.map(({ probes }) => {
    const own = scores.slice(at, at + probes.length);
    at += probes.length;
    return own.reduce((sum, score) => sum + value(score), 0) / Math.max(1, own.length);
  });
}
