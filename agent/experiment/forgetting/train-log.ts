import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { ModelTrainer, TrainingRow } from "../../../trainer/types.ts";
import { normaliseAnswer } from "../../probe/answers.ts";

/** One training: what the audit found among its rows, and what it cost. */
export interface Trained {
  step: number;
  rows: number;
  /** Rows with a report question of the sequence in its words. */
  asked: number;
  tokens: number;
  supervisedTokens: number;
  steps: number;
  firstLoss: number | null;
  lastLoss: number | null;
  seconds: number;
}

/**
 * Looks through every row that a trainer is given, whoever gives it, for report questions, and records each
 * training in a file: one that was resumed is still known. A line is written before the training is
 * known to anybody else.
 */
export class TrainLog {
  /** What is trained belongs to this step. */
  step = 0;
  private readonly questions: string[];

  constructor(
    private readonly path: string,
    questions: readonly string[],
  ) {
    this.questions = [...new Set(questions.map(normaliseAnswer))].filter((it) => it !== "");
  }

  /** The same trainer, watched. */
  watch(trainer: ModelTrainer): ModelTrainer {
    return {
      info: trainer.info,
      train: async (job, options) => {
        const asked = job.rows.filter((row) => this.asks(row)).length;
        const result = await trainer.train(job, options);
        const { tokens, supervisedTokens, steps, losses, seconds } = result;
        const [firstLoss = null, lastLoss = firstLoss] = [losses[0], losses.at(-1)];
        const figures = { tokens, supervisedTokens, steps, firstLoss, lastLoss, seconds };
        this.append({ step: this.step, rows: job.rows.length, asked, ...figures });
        return result;
      },
      score: (pairs, options) => trainer.score(pairs, options),
      scoreUnder: (adapters, pairs, options) => trainer.scoreUnder(adapters, pairs, options),
      countTokens: (texts) => trainer.countTokens(texts),
      close: () => trainer.close(),
    };
  }

  /** The trainings of a step, the last of them last. */
  of(step: number): Trained[] {
    if (!existsSync(this.path)) return [];
    return readFileSync(this.path, "utf8")
      .split("\n")
      .flatMap((line) => parse(line))
      .filter((trained) => trained.step === step);
  }

  private asks({ segments }: TrainingRow): boolean {
    const text = ` ${normaliseAnswer(segments.map(({ text }) => text).join(""))} `;
    return this.questions.some((question) => text.includes(` ${question} `));
  }

  private append(trained: Trained): void {
    appendFileSync(this.path, `${JSON.stringify(trained)}\n`);
  }
}

/** A line that was cut off by a power cut is of a training that nobody knows of. */
function parse(line: string): Trained[] {
  try {
    return [JSON.parse(line) as Trained];
  } catch {
    return [];
  }
}
