import { writeFileSync } from "node:fs";
import type {
  ModelInfo,
  ModelTrainer,
  Score,
  ScorePair,
  TrainJob,
  TrainResult,
} from "../../../../trainer/types.ts";

/** A trainer that scores by a function, and whose adapters are files that list what they learned. */
export class FakeTrainer implements ModelTrainer {
  readonly info: ModelInfo;
  readonly scored: { pair: ScorePair; adapter?: string }[] = [];
  readonly trained: TrainJob[] = [];

  constructor(
    private readonly grade: (pair: ScorePair, adapter?: string) => Score,
    contextLength = 512,
  ) {
    this.info = { contextLength } as ModelInfo;
  }

  async train(job: TrainJob): Promise<TrainResult> {
    this.trained.push(job);
    const text = JSON.stringify({ ...job, out: undefined });
    writeFileSync(job.out, text);
    const sha256 = new Bun.CryptoHasher("sha256").update(text).digest("hex");
    const tokens = job.rows.length * 10;
    return {
      path: job.out,
      sha256,
      steps: 2,
      losses: [2, 1],
      tokens,
      supervisedTokens: tokens,
      seconds: 0.1,
      ended: "complete",
      stepsSaved: 0,
    };
  }

  async score(pairs: ScorePair[], options: { adapter?: string } = {}): Promise<Score[]> {
    this.scored.push(...pairs.map((pair) => ({ pair, ...options })));
    return pairs.map((pair) => this.grade(pair, options.adapter));
  }

  async scoreUnder(adapters: (string | null)[], pairs: ScorePair[]): Promise<Score[][]> {
    return Promise.all(
      adapters.map((adapter) => this.score(pairs, adapter === null ? {} : { adapter })),
    );
  }

  /** A token for every word. */
  async countTokens(texts: string[]): Promise<number[]> {
    return texts.map((text) => text.split(/\s+/).filter(Boolean).length);
  }

  async close(): Promise<void> {}
}
