import type { PromptKind } from "../../db/candidates.ts";
import type { PassageText } from "../prompts.ts";
import { type EditSource, MIN_LINES } from "../study/index.ts";
import { readEdit, type WrittenEdit } from "../study/written.ts";
import { type Teacher, TeacherError } from "./types.ts";

const EDIT_TOKENS = 800;
const LONG_EDIT_TOKENS = 2000;
const QUESTION_TOKENS = 800;

export interface TeachOptions {
  seed: number;
  /** Called with a sentence for each thing that the teacher did not write. */
  onProblem: (message: string) => void;
  signal?: AbortSignal;
}

/** Edits by a teacher, held to what own edits are held to. */
export function teacherEdits(
  teacher: Teacher,
  passage: PassageText,
  { seed, onProblem, signal }: TeachOptions,
): EditSource {
  return {
    origin: "teacher",
    write: async (kinds) => {
      const edits: (WrittenEdit | undefined)[] = [];
      for (const [i, kind] of kinds.entries()) {
        const maxTokens = kind === "implications-long" ? LONG_EDIT_TOKENS : EDIT_TOKENS;
        const task = { passage, kind, temperature: 1, seed: seed + i, maxTokens };
        try {
          edits.push(usable(teacher, kind, await teacher.write(task, signal), passage, onProblem));
        } catch (error) {
          if (!(error instanceof TeacherError)) throw error;
          onProblem(error.message);
          if (isHopeless(error)) break;
          edits.push(undefined);
        }
      }
      return edits;
    },
  };
}

function usable(
  teacher: Teacher,
  kind: PromptKind,
  text: string,
  passage: PassageText,
  onProblem: (message: string) => void,
): WrittenEdit | undefined {
  const edit = readEdit(kind, [text], passage);
  if (edit.lines.length >= MIN_LINES) return edit;
  teacher.reject();
  onProblem(
    `${teacher.name} wrote ${edit.lines.length + edit.dropped} lines (${kind}), of which ${edit.lines.length} can be used: the others have names or numbers that the passage does not have, or are no statements.`,
  );
  return undefined;
}

/** Question lists by a teacher, for the student's own screening; none where it cannot write any. */
export async function teacherQuestions(
  teacher: Teacher,
  passage: PassageText,
  { seed, onProblem, signal }: TeachOptions,
): Promise<string[]> {
  const texts: string[] = [];
  for (const [i, temperature] of [0, 1].entries()) {
    try {
      const task = { passage, kind: "self-qa" as const, temperature, seed: seed + i };
      texts.push(await teacher.write({ ...task, maxTokens: QUESTION_TOKENS }, signal));
    } catch (error) {
      if (!(error instanceof TeacherError)) throw error;
      onProblem(error.message);
      if (isHopeless(error)) break;
    }
  }
  return texts;
}

/** What will not be different for the next request, so soon. */
function isHopeless({ code }: TeacherError): boolean {
  return code !== "nonsense" && code !== "empty";
}
