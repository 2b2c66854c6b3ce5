import { committedUpdateIds, committedUpdatesOf, studyMaterial } from "../../db/candidates.ts";
import type { RehearsalRow } from "../../db/control.ts";
import type { Database } from "../../db/open.ts";
import { askedInReports } from "../../db/probes.ts";
import { listDue } from "../../db/retention.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import type { ModelTrainer, TrainingRow, TrainOptions } from "../../trainer/types.ts";
import { containsAnswer } from "../probe/answers.ts";
import { inTurn } from "../probe/split.ts";
import { splitSentences } from "../read/sentences.ts";
import type { LearnerSettings } from "../settings.ts";
import { distinct, pairOf } from "../study/lines.ts";
import { lineRow } from "../study/rows.ts";
import { inShares, rehearsalRow } from "./rehearsal.ts";
import { stillTrue } from "./still-true.ts";

/** Replay takes at most half of an update's tokens, and all that is not new at most so much. */
const MOST_REPLAY = 0.5;
const MOST_OLD = 0.9;
/** Of the replay: what is most urgent, in every epoch. The rest of it takes turns. */
const URGENT = 0.5;
/** Begin and end token of a row. */
const FRAME_TOKENS = 2;

/** A row and how many tokens it has. */
interface SizedRow {
  row: TrainingRow;
  tokens: number;
}

/** What could be practised beside something new, the most urgent first; the same for all candidates. */
export interface ReplayPlan {
  replay: SizedRow[];
  rehearsal: SizedRow[];
}

type ReplaySettings = Pick<LearnerSettings, "replayShare" | "maxReplayRows" | "rehearsal" | "seed">;
type Epochs = Pick<TrainOptions, "epochs">;

/**
 * Plans what an update practises: study lines of what is due (see `schedule.ts`), one line for each
 * due probe, hardest first, then a second; then lines of other passages, drawn at random. Lines that
 * state what a later passage has superseded are left out, and so are rows of the base's own that ask a
 * report question.
 */
export async function planReplay(
  { db, trainer }: { db: Database; trainer: ModelTrainer },
  update: { id: number; version: number },
  own: readonly RehearsalRow[],
  settings: ReplaySettings,
): Promise<ReplayPlan> {
  const next = random(seedFor(settings.seed, `replay ${update.id}`));
  return {
    replay: await sizedRows(trainer, replayRows(db, update, next, settings)),
    rehearsal: rehearsalRows(db, own, next, settings),
  };
}

/** The plan's rows that fit beside so many new tokens, in every epoch. */
export function takeRows(
  plan: ReplayPlan,
  freshTokens: number,
  settings: ReplaySettings & { train: Epochs },
): TrainingRow[] {
  const { replay, rehearsal } = shares(settings);
  const total = freshTokens / (1 - replay - rehearsal);
  const urgent = within(plan.replay, URGENT * total * replay);
  const others = plan.replay.filter((row) => !urgent.includes(row));
  const room = Math.min(total * replay - tokensOf(urgent), tokensOf(others));
  return [
    ...urgent.map(({ row }) => row),
    ...byEpoch(others, room, settings.train),
    ...byEpoch(plan.rehearsal, total * rehearsal, settings.train),
  ];
}

/**
 * Rows for so many tokens of every epoch. Each epoch has others, until all had their turn: what is known
 * already is wide, and one epoch has room for little of it.
 */
export function byEpoch(
  rows: readonly SizedRow[],
  room: number,
  { epochs }: Epochs,
): TrainingRow[] {
  const fitting = rows.filter(({ tokens }) => tokens <= room);
  const taken: TrainingRow[] = [];
  let waiting: SizedRow[] = [];
  for (let epoch = 1; fitting.length > 0 && epoch <= epochs; epoch++) {
    let left = room;
    do {
      if (waiting.length === 0) waiting = fitting;
      const next = within(waiting, left);
      taken.push(...next.map(({ row }) => ({ ...row, epoch })));
      left -= tokensOf(next);
      const used = new Set(next);
      waiting = waiting.filter((row) => !used.has(row));
    } while (waiting.length === 0);
  }
  return taken;
}

/** The sum of the rows' tokens. */
export function tokensOf(rows: readonly { tokens: number }[]): number {
  return rows.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** How many tokens of text each row has, with its begin and end tokens. */
export async function sizedRows(trainer: ModelTrainer, rows: TrainingRow[]): Promise<SizedRow[]> {
  if (rows.length === 0) return [];
  const texts = rows.map(({ segments }) => segments.map(({ text }) => text).join(""));
  const tokens = await trainer.countTokens(texts);
  return rows
    .map((row, i) => ({ row, tokens: tokens[i]! + FRAME_TOKENS }))
    .filter((row) => row.tokens <= trainer.info.contextLength);
}

function replayRows(
  db: Database,
  { id, version }: { id: number; version: number },
  next: () => number,
  { replayShare, maxReplayRows }: ReplaySettings,
): TrainingRow[] {
  if (replayShare <= 0 || maxReplayRows === 0) return [];
  const due = listDue(db, version, maxReplayRows);
  const dueUpdates = committedUpdatesOf(db, [...new Set(due.map(({ probe }) => probe.passageId))]);
  const ids = committedUpdateIds(db, id);
  const others = shuffled(ids.length, next)
    .slice(0, maxReplayRows)
    .map((i) => ids[i]!);
  const material = [...new Set([...dueUpdates, ...others])];
  const lines = new Map<number, { updateId: number; title: string; lines: string[] }>();
  for (const it of studyMaterial(db, material)) {
    // The sentences, too: an edit's own lines need not have every fact.
    const pool = stillTrue(db, it.passageId, distinct([...splitSentences(it.text), ...it.lines]));
    const order = shuffled(pool.length, next).map((i) => pool[i]!);
    lines.set(it.passageId, { updateId: it.updateId, title: it.title, lines: order });
  }
  const urgent = due.map(({ probe }) => {
    const own = lines.get(probe.passageId);
    return (own?.lines ?? [])
      .filter((line) => containsAnswer(line, probe.answer))
      .map((line) => ({ title: own!.title, line }));
  });
  const drawn = new Set(others);
  const rest = [...lines.values()]
    .filter(({ updateId }) => drawn.has(updateId))
    .map(({ title, lines }) => lines.map((line) => ({ title, line })));
  const seen = new Set<string>();
  return [...inTurn(urgent), ...inTurn(rest)]
    .filter(({ title, line }) => {
      const key = `${title}\n${line}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, 2 * maxReplayRows)
    .map(({ title, line }) => {
      return lineRow(title, line);
    });
}

function rehearsalRows(
  db: Database,
  own: readonly RehearsalRow[],
  next: () => number,
  { rehearsal }: ReplaySettings,
): SizedRow[] {
  if (rehearsal.share <= 0) return [];
  const order = shuffled(own.length, next).map((i) => own[i]!);
  const drawn = inShares(order);
  const questionOf = ({ prompt, output }: RehearsalRow) => pairOf(prompt + output)?.question;
  const asked = askedInReports(
    db,
    drawn.flatMap((row) => questionOf(row) ?? []),
  );
  return drawn
    .filter((row) => !asked.has(questionOf(row) ?? ""))
    .map((row) => ({
      row: rehearsalRow(row, { ...rehearsal, end: row.form !== "text" }),
      tokens: row.tokens,
    }));
}

/** Of all tokens of an update. */
function shares({ replayShare, rehearsal }: ReplaySettings): { replay: number; rehearsal: number } {
  const replay = Math.min(Math.max(0, replayShare), MOST_REPLAY);
  return { replay, rehearsal: Math.min(Math.max(0, rehearsal.share), MOST_OLD - replay) };
}

/** Rows in their order, but for those that the budget has no room left for. */
function within<R extends { tokens: number }>(rows: readonly R[], budget: number): R[] {
  const taken: R[] = [];
  let used = 0;
  for (const row of rows) {
    if (used + row.tokens > budget) continue;
    taken.push(row);
    used += row.tokens;
  }
  return taken;
}
