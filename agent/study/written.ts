import type { EditKind } from "../../db/candidates.ts";
import { type GenerateRequest, GeneratorError, type TextGenerator } from "../generator/types.ts";
import { containsAnswer } from "../probe/answers.ts";
import { foreignNames, vocabularyOf } from "../probe/names.ts";
import { parseQuestions } from "../probe/parse.ts";
import { LIST_OPENING, LIST_STOPS } from "../probe/written.ts";
import {
  implicationsPrompt,
  type PassageText,
  questionsPrompt,
  rewritePrompt,
} from "../prompts.ts";
import { distinct, pairLine } from "./lines.ts";

export type WrittenKind = Exclude<EditKind, "sentences">;

/** As in SEAL: edits are sampled, not decoded greedily. */
const TEMPERATURE = 1;
const TOP_P = 0.95;
const EDIT_TOKENS = 320;
/** Lists sampled for one edit: a single one has too few lines to learn from. */
const SAMPLES = 3;
/** Shorter lines say nothing. */
const MIN_WORDS = 3;
/** A statement neither asks nor answers: the list has run on into another form. */
const NO_STATEMENT = /\?$|^(?:question|answer)\b/iu;
/** "3. ", "- ": what lists put before an item. */
const BULLET = /^(?:[-*•·]|\d{1,2}[.)])\s+/u;

export interface WrittenEdit {
  kind: WrittenKind;
  lines: string[];
  /** Lines left out because a name or number in them is not in the passage, or they are no lines. */
  dropped: number;
}

/**
 * Samples one self-edit of each kind given, all in one batch: several lists each, without
 * repetitions. Without room for any, none has lines.
 */
export async function writtenEdits(
  generator: TextGenerator,
  passage: PassageText,
  kinds: WrittenKind[],
  { seed, signal }: { seed: number; signal?: AbortSignal },
): Promise<WrittenEdit[]> {
  const requests = kinds.flatMap((kind, i) =>
    Array.from({ length: SAMPLES }, (_, j) => requestFor(kind, passage, seed + i * SAMPLES + j)),
  );
  try {
    const texts = await generator.generate(requests, signal && { signal });
    return kinds.map((kind, i) =>
      readEdit(kind, texts.slice(i * SAMPLES, (i + 1) * SAMPLES), passage),
    );
  } catch (error) {
    if (!(error instanceof GeneratorError && error.code === "prompt-too-long")) throw error;
    return kinds.map((kind) => ({ kind, lines: [], dropped: 0 }));
  }
}

/** The study lines of the lists that a model wrote, without those that miscopy or make up a name or number. */
export function readEdit(kind: WrittenKind, texts: string[], passage: PassageText): WrittenEdit {
  const vocabulary = vocabularyOf(passage.title, passage.text);
  const isSound = (line: string) => foreignNames(line, vocabulary).length === 0;
  if (kind === "questions") {
    const pairs = texts.flatMap((text) => parseQuestions(LIST_OPENING + text));
    const sound = pairs.filter(
      ({ question, answer }) =>
        isSound(question) && containsAnswer(`${passage.title}\n${passage.text}`, answer),
    );
    return keep(kind, sound.map(pairLine), pairs.length);
  }
  const lines = texts
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trim().replace(BULLET, ""))
    .filter((line) => line !== "");
  const isStatement = (line: string) =>
    line.split(/\s+/).length >= MIN_WORDS && !NO_STATEMENT.test(line);
  const sound = lines.filter((line) => isStatement(line) && isSound(line));
  return keep(kind, sound, lines.length);
}

function keep(kind: WrittenKind, lines: string[], read: number): WrittenEdit {
  const kept = distinct(lines);
  return { kind, lines: kept, dropped: read - kept.length };
}

function requestFor(kind: WrittenKind, passage: PassageText, seed: number): GenerateRequest {
  const prompts = {
    implications: implicationsPrompt(passage),
    questions: questionsPrompt(passage) + LIST_OPENING,
    rewrite: rewritePrompt(passage),
  };
  // A question list may have empty lines between its pairs; elsewhere one ends the list.
  const stop = kind === "questions" ? LIST_STOPS : [...LIST_STOPS, "\n\n"];
  return {
    prompt: prompts[kind],
    maxTokens: EDIT_TOKENS,
    temperature: TEMPERATURE,
    topP: TOP_P,
    seed,
    stop,
  };
}
