import type { NewProbe, ProbeKind } from "../../db/probes.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import type { TextGenerator } from "../generator/types.ts";
import { answerText, type PassageText } from "../prompts.ts";
import type { LearnerSettings } from "../settings.ts";
import { clozeProbes } from "./cloze.ts";
import { type ProbeDraft, type ProbeSplits, splitProbes } from "./split.ts";
import { writtenProbes } from "./written.ts";

/** With fewer written probes than this, cloze probes are asked instead. */
export const MIN_WRITTEN = 4;
/** Tokens of a sequence that are neither prompt nor answer: begin and end. */
const FRAME_TOKENS = 2;

export interface ProbeSet {
  kind: ProbeKind;
  splits: ProbeSplits;
  /** How they came about, in a sentence for people. */
  note: string;
}

/**
 * Makes a passage's probes: the model's own questions and those of the lists given, or blanks by rule where it has too few.
 * @param options.questions lists that somebody else wrote; they are screened as the model's own
 */
export async function makeProbes(
  models: { generator: TextGenerator; trainer: ModelTrainer },
  passage: PassageText,
  settings: Pick<LearnerSettings, "maxProbes" | "openBookSamples" | "seed">,
  { signal, questions = [] }: { signal?: AbortSignal; questions?: string[] } = {},
): Promise<ProbeSet> {
  const { maxProbes: max, openBookSamples, seed } = settings;
  const options = { max, openBookSamples, seed, questions, ...(signal && { signal }) };
  const written = await writtenProbes(models.generator, passage, options);
  const writer = questions.length > 0 ? "A teacher and the model" : "The model";
  const account = `${writer} wrote ${written.asked} questions; ${written.drafts.length} of them the model answered alike each time with the passage open`;
  if (written.drafts.length >= MIN_WRITTEN) {
    return { kind: "written", splits: splitProbes(written.drafts, max), note: `${account}.` };
  }
  const cloze = await keepFitting(models.trainer, clozeProbes(passage));
  if (cloze.length <= written.drafts.length) {
    return { kind: "written", splits: splitProbes(written.drafts, max), note: `${account}.` };
  }
  return {
    kind: "cloze",
    splits: splitProbes(cloze, max),
    note: `${account}, too few: ${cloze.length} blanked sentences are asked instead.`,
  };
}

/** Rows for the database; never the same probe in both splits. */
export function probeRows(passageId: number, splits: ProbeSplits): NewProbe[] {
  return (["reward", "report"] as const).flatMap((split) =>
    splits[split].map(({ kind, question, prompt, answer }) => ({
      passageId,
      split,
      kind,
      question,
      prompt,
      answer,
    })),
  );
}

/** A sentence may be longer than the model reads. */
async function keepFitting(trainer: ModelTrainer, drafts: ProbeDraft[]): Promise<ProbeDraft[]> {
  const tokens = await trainer.countTokens(
    drafts.map(({ prompt, answer }) => prompt + answerText(answer)),
  );
  const room = trainer.info.contextLength - FRAME_TOKENS;
  return drafts.filter((_, i) => (tokens[i] ?? 0) <= room);
}

/** Of the distractors of each probe, those that the model can read behind its prompt. */
export async function keepFittingDistractors(
  trainer: ModelTrainer,
  probes: readonly { prompt: string; distractors: string[] }[],
): Promise<string[][]> {
  const texts = probes.flatMap(({ prompt, distractors }) =>
    distractors.map((answer) => prompt + answerText(answer)),
  );
  const tokens = texts.length > 0 ? await trainer.countTokens(texts) : [];
  const room = trainer.info.contextLength - FRAME_TOKENS;
  let at = 0;
  return probes.map(({ distractors }) => distractors.filter(() => (tokens[at++] ?? 0) <= room));
}
