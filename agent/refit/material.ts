import { studyMaterial } from "../../db/candidates.ts";
import type { RehearsalRow } from "../../db/control.ts";
import type { Database } from "../../db/open.ts";
import { getPassages } from "../../db/passages.ts";
import { askedInReports } from "../../db/probes.ts";
import type { RefitPassage } from "../../db/refits.ts";
import type { ModelTrainer, TrainingRow } from "../../trainer/types.ts";
import type { PassageText } from "../prompts.ts";
import { splitSentences } from "../read/sentences.ts";
import { byEpoch, planReplay, sizedRows, tokensOf } from "../replay/plan.ts";
import { stillTrue } from "../replay/still-true.ts";
import type { LearnerSettings } from "../settings.ts";
import { distinct, pairOf } from "../study/lines.ts";
import { editRows, keepReadable, lineRow } from "../study/rows.ts";

/** Updates whose lines are looked up at a time. */
const CHUNK = 500;

type MaterialSettings = Pick<LearnerSettings, "rehearsal" | "seed" | "train">;

/**
 * What a refit is trained on: of each passage that it keeps, the passage and the lines that its update
 * was trained on, but for what a later passage has superseded and what a report question asks; and
 * beside them what the base wrote itself, with its share of the tokens. The same whenever it is asked
 * for, so that an interrupted training goes on.
 */
export async function refitRows(
  { db, trainer }: { db: Database; trainer: ModelTrainer },
  refitId: number,
  keep: readonly RefitPassage[],
  own: readonly RehearsalRow[],
  settings: MaterialSettings,
): Promise<TrainingRow[]> {
  const fresh: TrainingRow[] = [];
  for (let i = 0; i < keep.length; i += CHUNK) {
    for (const { passage, lines } of material(db, keep.slice(i, i + CHUNK))) {
      fresh.push(...(await passageRows(db, trainer, passage, lines)));
    }
  }
  const sized = await sizedRows(trainer, fresh);
  const rehearsed = await rehearsal({ db, trainer }, refitId, own, tokensOf(sized), settings);
  return [...sized.map(({ row }) => row), ...rehearsed];
}

/** The passages with the study lines of their updates. */
function material(db: Database, keep: readonly RefitPassage[]) {
  const lines = new Map<number, string[]>();
  const updates = keep.flatMap(({ updateId }) => updateId ?? []);
  for (const it of studyMaterial(db, updates)) lines.set(it.passageId, it.lines);
  const passages = getPassages(
    db,
    keep.map(({ passageId }) => passageId),
  );
  return passages.map((passage) => ({ passage, lines: lines.get(passage.id) ?? [] }));
}

async function passageRows(
  db: Database,
  trainer: ModelTrainer,
  passage: PassageText & { id: number },
  lines: string[],
): Promise<TrainingRow[]> {
  const asked = askedInReports(
    db,
    lines.flatMap((line) => pairOf(line)?.question ?? []),
  );
  const allowed = lines.filter((line) => !asked.has(pairOf(line)?.question ?? ""));
  const sentences = splitSentences(passage.text);
  const now = stillTrue(db, passage.id, sentences);
  if (now.length === sentences.length) {
    return editRows(trainer, passage, stillTrue(db, passage.id, allowed));
  }
  const left = distinct([...now, ...stillTrue(db, passage.id, allowed)]);
  return keepReadable(
    trainer,
    left.map((line) => lineRow(passage.title, line)),
  );
}

/** The base's own rows, in turn. */
async function rehearsal(
  models: { db: Database; trainer: ModelTrainer },
  refitId: number,
  own: readonly RehearsalRow[],
  freshTokens: number,
  settings: MaterialSettings,
): Promise<TrainingRow[]> {
  const { share } = settings.rehearsal;
  const plan = await planReplay(models, { id: -refitId, version: 0 }, own, {
    ...settings,
    replayShare: 0,
    maxReplayRows: 0,
  });
  return byEpoch(plan.rehearsal, (freshTokens * share) / (1 - share), settings.train);
}
