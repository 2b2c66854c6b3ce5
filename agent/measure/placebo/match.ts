import type { ModelTrainer, TrainingRow } from "../../../trainer/types.ts";

/** Rows with fewer tokens than this left to fill are not worth a trimmed copy. */
const MIN_FILL = 4;

/**
 * Tokens of each row, every segment tokenized by itself, as the trainer does.
 * @param frame begin and end tokens of a row
 */
export async function tokensOf(
  trainer: ModelTrainer,
  rows: TrainingRow[],
  frame: number,
): Promise<number[]> {
  const texts = rows.flatMap(({ segments }) => segments.map(({ text }) => text));
  const counts = await trainer.countTokens(texts);
  let at = 0;
  return rows.map(({ segments }) => {
    const own = counts.slice(at, at + segments.length);
    at += segments.length;
    return own.reduce((sum, n) => sum + n, frame);
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
  frame: number,
): Promise<TrainingRow[]> {
  const sizes = await tokensOf(trainer, rows, frame);
  const matched: TrainingRow[] = [];
  let left = target;
  // A row whose question alone is longer than what is left gives its place to the next.
  let misses = 0;
  for (let i = 0; misses < rows.length && left >= MIN_FILL; i = (i + 1) % rows.length) {
    const whole = sizes[i]! <= left;
    const row = whole ? rows[i]! : await cutRow(trainer, rows[i]!, left, frame);
    misses = row ? 0 : misses + 1;
    if (!row) continue;
    matched.push(row);
    left -= whole ? sizes[i]! : (await tokensOf(trainer, [row], frame))[0]!;
  }
  return matched;
}

/** The row with its last segment cut to fit; nothing where not even a word of it does. */
async function cutRow(
  trainer: ModelTrainer,
  row: TrainingRow,
  room: number,
  frame: number,
): Promise<TrainingRow | undefined> {
  const last = row.segments.at(-1)!;
  const words = last.text.match(/\s*\S+/g) ?? [];
  const variants = words.map((_, i) => ({
    ...row,
    segments: [...row.segments.slice(0, -1), { ...last, text: words.slice(0, i + 1).join("") }],
  }));
  const sizes = await tokensOf(trainer, variants, frame);
  return variants.findLast((_, i) => sizes[i]! <= room);
}
