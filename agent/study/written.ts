import type { PromptKind } from "../../db/candidates.ts";
import { type GenerateRequest, GeneratorError, type TextGenerator } from "../generator/types.ts";
import { containsAnswer } from "../probe/answers.ts";
import { foreignNames, vocabularyOf } from "../probe/names.ts";
import { parseQuestions } from "../probe/parse.ts";
import { LIST_OPENING, LIST_STOPS } from "../probe/written.ts";
import {
  goOnPrompt,
  implicationsPrompt,
  longImplicationsPrompt,
  type PassageText,
  questionsPrompt,
  rewritePrompt,
} from "../prompts.ts";
import { distinct, pairLine } from "./lines.ts";

/** As in SEAL: edits are sampled, not decoded greedily. */
const TEMPERATURE = 1;
const TOP_P = 0.95;
/** Tokens of one list at most. */
const EDIT_TOKENS = 480;
const LONG_EDIT_TOKENS = 960;
/** Shorter lines say nothing. */
const MIN_WORDS = 3;
/** A statement neither asks nor answers: such lines are read as questions with their answers. */
const NO_STATEMENT = /\?$|^(?:question|answer)\b/iu;
/** "3. ", "- ": what lists put before an item. */
const BULLET = /^(?:[-*•·]|\d{1,2}[.)])\s+/u;

/** An edit that somebody wrote: its text, and the study lines in it. */
export interface WrittenEdit {
  kind: PromptKind;
  /** What the writer was shown. */
  prompt: string;
  /**
   * What it wrote, list by list, with the lines that did not pass; none of a list without one that did.
   * As in the paper a writer is trained on what was written: without those lines, lists would be shorter
   * than those that were sampled, and it would learn to end them early.
   */
  completions: string[];
  /** The different lines of all lists. */
  lines: string[];
  /** Lines left out because a name or number in them is not in the passage, or they are no lines. */
  dropped: number;
}

export interface SampleOptions {
  seed: number;
  /** Path of the writer's policy adapter; none is the untouched base. */
  adapter?: string;
  /** Lists sampled for one edit, whose lines are those of all of them; one by default, as in SEAL. */
  lists?: number;
  signal?: AbortSignal;
}

/** The E-step's sampling: one self-edit of each kind given, all in one batch. Without room, none has lines. */
export async function sampleEdits(
  generator: TextGenerator,
  passage: PassageText,
  kinds: readonly PromptKind[],
  { seed, adapter, lists = 1, signal }: SampleOptions,
): Promise<WrittenEdit[]> {
  const requests = kinds.flatMap((kind, i) =>
    Array.from({ length: lists }, (_, j) => ({
      ...requestFor(kind, passage),
      seed: seed + i * lists + j,
      ...(adapter !== undefined && { adapter }),
    })),
  );
  try {
    const texts = await generator.generate(requests, signal && { signal });
    return kinds.map((kind, i) => readEdit(kind, texts.slice(i * lists, (i + 1) * lists), passage));
  } catch (error) {
    if (!(error instanceof GeneratorError && error.code === "prompt-too-long")) throw error;
    return kinds.map((kind) => readEdit(kind, [], passage));
  }
}

/** The study lines of the lists that were written, without those that miscopy or make up a name or number. */
export function readEdit(kind: PromptKind, texts: string[], passage: PassageText): WrittenEdit {
  const vocabulary = vocabularyOf(passage.title, passage.text);
  const isSound = (line: string) => foreignNames(line, vocabulary).length === 0;
  const lists = texts.map((text) =>
    kind === "self-qa"
      ? readPairs(withOpening(text), passage, isSound)
      : readStatements(text, passage, isSound),
  );
  const lines = distinct(lists.flatMap((list) => list.lines));
  return {
    kind,
    prompt: editPrompt(kind, passage),
    completions: texts.flatMap((text, i) => (lists[i]!.lines.length > 0 ? [text.trimEnd()] : [])),
    lines,
    dropped: lists.reduce((sum, list) => sum + list.read, 0) - lines.length,
  };
}

/** What the writer is shown for an edit of this kind. */
export function editPrompt(kind: PromptKind, passage: PassageText): string {
  switch (kind) {
    case "implications":
      return implicationsPrompt(passage);
    case "implications-long":
      return longImplicationsPrompt(passage);
    case "rewrite":
      return rewritePrompt(passage);
    case "self-qa":
      return questionsPrompt(passage) + LIST_OPENING;
    case "none":
      return goOnPrompt(passage);
  }
}

interface ReadList {
  lines: string[];
  /** Lines or pairs that the text had. */
  read: number;
}

function readPairs(
  text: string,
  passage: PassageText,
  isSound: (line: string) => boolean,
): ReadList {
  const pairs = parseQuestions(text);
  const source = `${passage.title}\n${passage.text}`;
  const sound = pairs.filter(
    ({ question, answer }) => isSound(question) && containsAnswer(source, answer),
  );
  return { lines: sound.map(pairLine), read: pairs.length };
}

/** A list of statements may go on with questions about them, or have some in between. */
function readStatements(
  text: string,
  passage: PassageText,
  isSound: (line: string) => boolean,
): ReadList {
  const all = text
    .split("\n")
    .map((line) => line.trim().replace(BULLET, ""))
    .filter((line) => line !== "");
  const statements = all.filter((line) => !NO_STATEMENT.test(line));
  const asked = all.filter((line) => NO_STATEMENT.test(line)).join("\n");
  const pairs = readPairs(asked, passage, isSound);
  const isLong = (line: string) => line.split(/\s+/).length >= MIN_WORDS;
  return {
    lines: [...statements.filter((line) => isLong(line) && isSound(line)), ...pairs.lines],
    read: statements.length + pairs.read,
  };
}

/** Whoever was not shown the opening writes it. */
function withOpening(text: string): string {
  return /^\s*question/i.test(text) ? text : LIST_OPENING + text;
}

function requestFor(kind: PromptKind, passage: PassageText): GenerateRequest {
  return {
    prompt: editPrompt(kind, passage),
    maxTokens: kind === "implications-long" ? LONG_EDIT_TOKENS : EDIT_TOKENS,
    temperature: TEMPERATURE,
    topP: TOP_P,
    // A question list may have empty lines between its pairs; elsewhere one ends the list.
    stop: kind === "self-qa" ? LIST_STOPS : [...LIST_STOPS, "\n\n"],
  };
}
