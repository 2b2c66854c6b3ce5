import type { EditKind } from "../../db/candidates.ts";
import type { ProbeKind } from "../../db/probes.ts";
import type { TextGenerator } from "../generator/types.ts";
import type { PassageText } from "../prompts.ts";
import type { LearnerSettings } from "../settings.ts";
import { pairOf, withoutExamQuestions } from "./lines.ts";
import { sentenceEdit } from "./sentences.ts";
import { writtenEdits } from "./written.ts";

/** A written edit with fewer lines than this is replaced by one made by rule. */
export const MIN_LINES = 2;

/** What one candidate is trained on, besides the passage itself. */
export interface SelfEdit {
  kind: EditKind;
  lines: string[];
}

export interface EditOptions {
  /** The kind of the passage's probes: where the model could not question it, rules write, too. */
  probes: ProbeKind;
  /** Questions that no study line may ask in their own words. */
  examQuestions: string[];
  /** Of these questions, the ones that some other passage's report probe asks word for word. */
  askedElsewhere?: (questions: string[]) => Set<string>;
  signal?: AbortSignal;
}

/** Samples M self-edits, all different; by rule where the model cannot write them. */
export async function makeEdits(
  generator: () => Promise<TextGenerator>,
  passage: PassageText,
  settings: Pick<LearnerSettings, "candidates" | "editKinds" | "seed">,
  options: EditOptions,
): Promise<SelfEdit[]> {
  const written = await writeEdits(generator, passage, settings, options);
  const clean = (lines: string[]) => {
    const questions = lines.flatMap((line) => pairOf(line)?.question ?? []);
    const elsewhere = options.askedElsewhere?.(questions) ?? [];
    return withoutExamQuestions(lines, [...options.examQuestions, ...elsewhere]);
  };
  return Array.from({ length: settings.candidates }, (_, ordinal) => {
    const edit = written[ordinal];
    const lines = clean(edit?.lines ?? []);
    if (edit && lines.length >= MIN_LINES) return { kind: edit.kind, lines };
    return { kind: "sentences", lines: clean(sentenceEdit(passage, ordinal, settings.seed)) };
  });
}

async function writeEdits(
  generator: () => Promise<TextGenerator>,
  passage: PassageText,
  { candidates, editKinds, seed }: Pick<LearnerSettings, "candidates" | "editKinds" | "seed">,
  { probes, signal }: EditOptions,
) {
  if (probes === "cloze" || editKinds.length === 0) return [];
  const kinds = Array.from({ length: candidates }, (_, i) => editKinds[i % editKinds.length]!);
  return writtenEdits(await generator(), passage, kinds, { seed, ...(signal && { signal }) });
}
