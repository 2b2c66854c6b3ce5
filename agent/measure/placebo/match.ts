import type { ModelTrainer, TrainingRow } from "../../../trainer/types.ts";

/** Rows with fewer tokens than this left to fill are not worth a trimmed copy. */
const MIN_FILL = 4;

/** Tokens of rows, each segment tokenized by itself, as the trainer does; begin tokens are not counted. */
export async function tokensOf(trainer: ModelTrainer, rows: TrainingRow[]): Promise<number[]> {
  const counts = await trainer.countTokens(
    rows.flatMap(({ segments }) => segments.map((s) => s.text)),
  );
  let at = 0;
  return rows.map(({ segments, end }) => {
    const own = counts.slice(at, at + segments.length).reduce((sum, n) => sum + n, 0);
    at += segments.length;
    return own + (end ? 1 : 0);
  });
}

/**
 * As many rows as make up `target` tokens: from the beginning again where they are too few, the
 * last one cut between words.
 */
export async function matchTokens(
  trainer: ModelTrainer,
  rows: TrainingRow[],
  target: number,
): Promise<TrainingRow[]> {
  const sizes = await tokensOf(trainer, rows);
  const matched: TrainingRow[] = [];
  let left = target;
  for (let i = 0; rows.length > 0 && left >= MIN_FILL; i = (i + 1) % rows.length) {
    const row = rows[i]!;
    const size = sizes[i]!;
    if (size <= left) {
      matched.push(row);
      left -= size;
      continue;
    }
    const cut = await cutRow(trainer, row, left);
    if (cut) matched.push(cut);
    break;
  }
  return matched;
}

/** The row with its last segment cut to fit; nothing where not even a word of it does. */
async function cutRow(
  trainer: ModelTrainer,
  row: TrainingRow,
  room: number,
): Promise<TrainingRow | undefined> {
  const last = row.segments.at(-1)!;
  const words = last.text.match(/\s*\S+/g) ?? [];
  const variants = words.map((_, i) => ({
    ...row,
    segments: [...row.segments.slice(0, -1), { ...last, text: words.slice(0, i + 1).join("") }],
  }));
  const sizes = await tokensOf(trainer, variants);
  return variants.findLast((_, i) => sizes[i]! <= room);
}
