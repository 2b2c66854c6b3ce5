import { within } from "../../agent/replay/plan.ts";
import { inShares, type Rehearsal, rehearsalRow } from "../../agent/replay/rehearsal.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import type { ModelTrainer, TrainingRow } from "../../trainer/types.ts";
import type { Arm } from "./arms.ts";
import type { Lesson } from "./lessons.ts";

/** With begin and end tokens. */
export type SizedRehearsal = Rehearsal & { tokens: number };

/** A row and how many tokens it has. */
interface Sized {
  row: TrainingRow;
  tokens: number;
}

export interface Mix {
  rows: TrainingRow[];
  tokens: { fresh: number; replay: number; rehearsal: number };
}

/** The rows of an update: what is new, and what is replayed and rehearsed within their shares. */
export async function mixRows(
  trainer: ModelTrainer,
  arm: Arm,
  lessons: { now: Lesson; earlier: Lesson[] },
  material: { rehearsal: SizedRehearsal[]; adapter: string | undefined; seed: number },
): Promise<Mix> {
  const { replay, rehearsal } = arm;
  const fresh = await sized(trainer, lessons.now.rows);
  const total = sum(fresh) / Math.max(0.05, 1 - replay.share - rehearsal.share);
  const old = replay.share > 0 ? lessons.earlier.flatMap(({ rows }) => rows) : [];
  const next = random(seedFor(material.seed, "mix"));
  const ordered =
    replay.order === "hardest"
      ? await hardestFirst(trainer, old, material.adapter)
      : shuffled(old.length, next).map((i) => old[i]!);
  const replayed = within(await sized(trainer, ordered), total * replay.share).map((it) => ({
    ...it,
    row: replay.kl > 0 ? { ...it.row, kl: replay.kl } : it.row,
  }));
  const { kl, weight } = rehearsal;
  const own = rehearsal.share > 0 ? material.rehearsal : [];
  const order = inShares(shuffled(own.length, next).map((i) => own[i]!));
  const rehearsed = within(
    order.map((it) => ({
      row: rehearsalRow(it, { kl, weight, end: it.form !== "text" }),
      tokens: it.tokens,
    })),
    total * rehearsal.share,
  );
  return {
    rows: [...fresh, ...replayed, ...rehearsed].map(({ row }) => row),
    tokens: { fresh: sum(fresh), replay: sum(replayed), rehearsal: sum(rehearsed) },
  };
}

/** The rows by their mean loss per token under the current weights, highest first. */
async function hardestFirst(
  trainer: ModelTrainer,
  rows: TrainingRow[],
  adapter: string | undefined,
): Promise<TrainingRow[]> {
  if (rows.length === 0) return [];
  const pairs = rows.map(({ segments }) => ({
    context: segments[0]!.text,
    answer: segments[1]!.text,
  }));
  const scores = await trainer.score(pairs, adapter === undefined ? {} : { adapter });
  return rows
    .map((row, i) => ({ row, loss: -scores[i]!.logprob / scores[i]!.tokens }))
    .sort((a, b) => b.loss - a.loss)
    .map(({ row }) => row);
}

async function sized(trainer: ModelTrainer, rows: TrainingRow[]): Promise<Sized[]> {
  if (rows.length === 0) return [];
  const counts = await trainer.countTokens(
    rows.map(({ segments }) => segments.map(({ text }) => text).join("")),
  );
  return rows.map((row, i) => ({ row, tokens: counts[i]! + 2 }));
}

function sum(rows: Sized[]): number {
  return rows.reduce((all, { tokens }) => all + tokens, 0);
}
