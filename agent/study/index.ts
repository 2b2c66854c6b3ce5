import type { EditKind, EditOrigin, PromptKind } from "../../db/candidates.ts";
import type { PassageText } from "../prompts.ts";
import { pairOf, withoutExamQuestions } from "./lines.ts";
import { sentenceEdit } from "./sentences.ts";
import type { WrittenEdit } from "./written.ts";

/** A written edit with fewer lines than this is replaced by one made by rule. */
export const MIN_LINES = 2;

/** What one candidate is trained on, besides the passage itself. */
export interface SelfEdit {
  kind: EditKind;
  origin: EditOrigin;
  /** The policy that wrote it; 0 is the untouched base. */
  policyId: number;
  lines: string[];
  /** Of written ones: what the writer was shown, and what it wrote. */
  prompt?: string;
  completions?: string[];
}

/** Someone who writes edits: the student, a teacher, a file. */
export interface EditSource {
  origin: EditOrigin;
  policyId?: number;
  /** One edit for each kind asked for, or fewer; one without lines leaves its place to the next source. */
  write(kinds: PromptKind[]): Promise<(WrittenEdit | undefined)[]>;
}

export interface EditOptions {
  /** The kinds of the candidates, one each. */
  kinds: PromptKind[];
  seed: number;
  /** Questions that no study line may ask in their own words. */
  examQuestions: string[];
  /** Of these questions, the ones that some other passage's report probe asks word for word. */
  askedElsewhere?: (questions: string[]) => Set<string>;
}

/** Has one edit written for each kind, by the first source that can; by rule where none can. */
export async function makeEdits(
  sources: EditSource[],
  passage: PassageText,
  { kinds, seed, examQuestions, askedElsewhere }: EditOptions,
): Promise<SelfEdit[]> {
  const clean = (lines: string[]) => {
    const questions = lines.flatMap((line) => pairOf(line)?.question ?? []);
    const elsewhere = askedElsewhere?.(questions) ?? [];
    return withoutExamQuestions(lines, [...examQuestions, ...elsewhere]);
  };
  const edits: (SelfEdit | undefined)[] = kinds.map(() => undefined);
  for (const { origin, policyId = 0, write } of sources) {
    const open = edits.flatMap((edit, i) => (edit ? [] : [i]));
    if (open.length === 0) break;
    const written = await write(open.map((i) => kinds[i]!));
    written.slice(0, open.length).forEach((edit, i) => {
      const lines = clean(edit?.lines ?? []);
      if (!edit || lines.length < MIN_LINES) return;
      const { kind, prompt, completions } = edit;
      edits[open[i]!] = { kind, origin, policyId, lines, prompt, completions };
    });
  }
  return edits.map((edit, ordinal) => edit ?? ruled(passage, ordinal, seed, clean));
}

function ruled(
  passage: PassageText,
  ordinal: number,
  seed: number,
  clean: (lines: string[]) => string[],
): SelfEdit {
  const lines = clean(sentenceEdit(passage, ordinal, seed));
  return { kind: "sentences", origin: "rule", policyId: 0, lines };
}
