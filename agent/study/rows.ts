import type { ModelTrainer, TrainingRow } from "../../trainer/types.ts";
import { answerText, closedBook, type PassageText, studyLine } from "../prompts.ts";
import { splitSentences } from "../read/sentences.ts";
import { pairOf } from "./lines.ts";

/** Begin, end, and a margin for tokens that merge differently when pieces stand side by side. */
export const FRAME_TOKENS = 8;

/**
 * A study line as a training row: a question in the exam's closed-book form, with loss on the
 * answer alone; a statement behind its passage's title, with loss on the statement.
 */
export function lineRow(title: string, line: string): TrainingRow {
  const pair = pairOf(line);
  return pair
    ? row(closedBook(pair.question), answerText(pair.answer))
    : row(studyLine(title, ""), line);
}

/** All that one edit teaches: the passage itself, and the lines that the model can read. */
export async function editRows(
  trainer: ModelTrainer,
  passage: PassageText,
  lines: string[],
): Promise<TrainingRow[]> {
  const own = lines.map((line) => lineRow(passage.title, line));
  return [...(await passageRows(trainer, passage)), ...(await keepReadable(trainer, own))];
}

/** The passage itself as training rows: one, or as many as the model's context asks for. */
export async function passageRows(
  trainer: ModelTrainer,
  passage: PassageText,
): Promise<TrainingRow[]> {
  const heading = studyLine(passage.title, "");
  const sentences = splitSentences(passage.text);
  const [titleTokens = 0, ...tokens] = await trainer.countTokens([heading, ...sentences]);
  const room = trainer.info.contextLength - titleTokens - FRAME_TOKENS;
  const chunks: string[] = [];
  let open: string[] = [];
  let used = 0;
  sentences.forEach((sentence, i) => {
    const length = (tokens[i] ?? 0) + 1;
    if (open.length > 0 && used + length > room) {
      chunks.push(open.join(" "));
      open = [];
      used = 0;
    }
    open.push(sentence);
    used += length;
  });
  if (open.length > 0) chunks.push(open.join(" "));
  const fitting = await Promise.all(chunks.map((chunk) => fit(trainer, chunk, room)));
  return fitting.flat().map((chunk) => row(heading, chunk));
}

/** Rows that the model can read; longer ones are left out (the passage's own rows have their text). */
export async function keepReadable(
  trainer: ModelTrainer,
  rows: TrainingRow[],
): Promise<TrainingRow[]> {
  const texts = rows.map(({ segments }) => segments.map(({ text }) => text).join(""));
  const tokens = await trainer.countTokens(texts);
  return rows.filter((_, i) => (tokens[i] ?? 0) + FRAME_TOKENS <= trainer.info.contextLength);
}

/** Halves a text between words until its parts fit: a "sentence" can be a whole table. */
async function fit(trainer: ModelTrainer, text: string, room: number): Promise<string[]> {
  const [tokens = 0] = await trainer.countTokens([text]);
  const words = text.split(/\s+/);
  if (tokens <= room) return [text];
  if (words.length < 2) return [];
  const half = Math.ceil(words.length / 2);
  const parts = [words.slice(0, half).join(" "), words.slice(half).join(" ")];
  return (await Promise.all(parts.map((part) => fit(trainer, part, room)))).flat();
}

function row(context: string, text: string): TrainingRow {
  return {
    segments: [
      { text: context, loss: false },
      { text, loss: true },
    ],
    end: true,
  };
}
