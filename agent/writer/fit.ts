import type {
  LoraOptions,
  ModelTrainer,
  TrainingRow,
  TrainOptions,
  TrainProgress,
  TrainResult,
} from "../../trainer/types.ts";
import { keepReadable } from "../study/rows.ts";

/** What a writer was shown, and what it should write. */
export interface Example {
  prompt: string;
  completions: string[];
}

export interface FitOptions {
  /** The policy to go on from; none is the untouched base. */
  from?: string;
  /** Where the new policy's adapter is written. */
  out: string;
  lora: LoraOptions;
  options: TrainOptions;
  onProgress?: (progress: TrainProgress) => void;
  signal?: AbortSignal;
}

export interface FitResult extends TrainResult {
  rows: number;
  /** Rows left out because the model cannot read so long a text. */
  unreadable: number;
}

/** The examples as training rows, with loss on what is to be written and its end. */
export function writerRows(examples: readonly Example[]): TrainingRow[] {
  return examples.flatMap(({ prompt, completions }) =>
    completions.map((completion) => ({
      segments: [
        { text: prompt, loss: false },
        { text: completion, loss: true },
      ],
      end: true,
    })),
  );
}

/**
 * The M-step: fine-tunes the writer on the edits that earned most, by supervised learning.
 * @throws TrainerError; Error where there is no row to train on
 */
export async function trainWriter(
  trainer: ModelTrainer,
  examples: readonly Example[],
  { from, out, lora, options, onProgress, signal }: FitOptions,
): Promise<FitResult> {
  const all = writerRows(examples);
  const rows = await keepReadable(trainer, all);
  if (rows.length === 0) {
    throw new Error("There is nothing to train the writer on: no edit that the model can read.");
  }
  const result = await trainer.train({ rows, lora, options, from, out }, { onProgress, signal });
  return { ...result, rows: rows.length, unreadable: all.length - rows.length };
}
