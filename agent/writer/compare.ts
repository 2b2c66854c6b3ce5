import type { PromptKind } from "../../db/candidates.ts";
import type { TrialResult } from "../../db/rounds.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import { mean } from "../decide.ts";
import type { TextGenerator } from "../generator/types.ts";
import { pairedTest } from "../measure/paired.ts";
import type { PassageText } from "../prompts.ts";
import { type RewardProbe, type Standing, standings } from "../reward/reward.ts";
import { sampleEdits } from "../study/written.ts";
import { type EarnOptions, earn } from "./earn.ts";

/** A passage that neither writer was trained on. */
export interface TrialPassage extends PassageText {
  id: number;
  probes: RewardProbe[];
}

/** Both writers, as paths of their policy adapters; none is the untouched base. */
export interface Rivals {
  before?: string;
  after?: string;
}

/** One edit of one of the writers, and what it earned. */
export interface TrialEdit {
  passageId: number;
  writer: keyof Rivals;
  ordinal: number;
  kind: PromptKind;
  lines: string[];
  gain: number;
  gains: number[];
  trainTokens: number;
  seconds: number;
}

export interface CompareOptions extends EarnOptions {
  /** Edits of either writer on a passage. */
  edits: number;
  /** The kinds that they take in turn, so that both writers are asked for the same. */
  kinds: readonly PromptKind[];
  /** Lists sampled for one edit. */
  lists?: number;
  seed: number;
  /** What an earlier, interrupted comparison has tried already. */
  done?: readonly TrialEdit[];
  /** Called with each edit that was tried, before the next one is begun. */
  onTrial?: (trial: TrialEdit) => void;
}

const RIVALS = ["before", "after"] as const;

/**
 * Lets two writers write about the same passages, and the same student learn from either: with the
 * same kinds, seeds, probes and hyperparameters, so that only the writer differs.
 */
export async function compareWriters(
  models: { generator: TextGenerator; trainer: ModelTrainer },
  passages: readonly TrialPassage[],
  rivals: Rivals,
  options: CompareOptions,
): Promise<TrialEdit[]> {
  const { trainer, generator } = models;
  const { edits, kinds, lists, seed, done = [], onTrial, from, signal } = options;
  const trials: TrialEdit[] = [...done];
  for (const [at, passage] of passages.entries()) {
    const asked = Array.from({ length: edits }, (_, i) => kinds[(at + i) % kinds.length]!);
    let before: Standing[] | undefined;
    for (const writer of RIVALS) {
      const open = asked.flatMap((_, ordinal) =>
        has(done, passage.id, writer, ordinal) ? [] : [ordinal],
      );
      if (open.length === 0) continue;
      before ??= await standings(trainer, passage.probes, { adapter: from, signal });
      const sampling = { seed: seed + passage.id, adapter: rivals[writer], lists, signal };
      const written = await sampleEdits(generator, passage, asked, sampling);
      for (const ordinal of open) {
        const { kind, lines } = written[ordinal]!;
        const result = await earn(trainer, passage, lines, passage.probes, before, options);
        const { reward: gain, gains, trainTokens, seconds } = result;
        const trial = { passageId: passage.id, writer, ordinal, kind, lines, gain, gains };
        trials.push({ ...trial, trainTokens, seconds });
        onTrial?.(trials.at(-1)!);
      }
    }
  }
  return trials;
}

/** How the writers compare, passage by passage: the mean gain of the one's edits against the other's. */
export function judge(
  trials: readonly Pick<TrialEdit, "passageId" | "writer" | "gain">[],
  seed: number,
): TrialResult {
  const pairs = [...Map.groupBy(trials, ({ passageId }) => passageId).values()].flatMap((own) => {
    const [before, after] = RIVALS.map((writer) =>
      own.filter((trial) => trial.writer === writer).map(({ gain }) => gain),
    ) as [number[], number[]];
    return before.length > 0 && after.length > 0
      ? [{ before: mean(before), after: mean(after) }]
      : [];
  });
  const {
    mean: difference,
    low,
    high,
    p,
  } = pairedTest(
    pairs.map(({ before, after }) => after - before),
    seed,
  );
  return {
    passages: pairs.length,
    before: mean(pairs.map(({ before }) => before)),
    after: mean(pairs.map(({ after }) => after)),
    difference,
    low,
    high,
    p,
  };
}

function has(
  trials: readonly TrialEdit[],
  passageId: number,
  writer: string,
  ordinal: number,
): boolean {
  return trials.some(
    (it) => it.passageId === passageId && it.writer === writer && it.ordinal === ordinal,
  );
}
