import { basename } from "node:path";
import type { Teach } from "../../agent/experiment/lab.ts";
import { sha256, textHash } from "../../agent/read/hash.ts";
import { editPrompt, readEdit } from "../../agent/study/written.ts";
import { parseRecorded, type RecordedItem } from "../../agent/teacher/recorded.ts";
import { teacherEdits } from "../../agent/teacher/source.ts";
import type { ExperimentProblem } from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import { CommandError } from "../frame.ts";
import { loadTeacher, startTeacher } from "../teacher.ts";

/** Somebody else who writes edits. */
export interface ExperimentTeacher {
  /** As people know it; part of what the experiment is. */
  name: string;
  teach: Teach;
  problems: ExperimentProblem[];
  close(): Promise<void>;
}

/** The world's own rules, which make no mistakes. */
export const RULES = "rules";

/**
 * The teacher that is named: `rules` (of the invented world), a file of recorded edits, the address of an
 * OpenAI-compatible interface, or another GGUF; else the one that the instance has.
 * @throws CommandError, ConfigError, RecordedError
 */
export async function findTeacher(
  db: Database,
  { teacher, model }: { teacher?: string; model?: string },
): Promise<ExperimentTeacher | undefined> {
  if (teacher === RULES) return rules();
  if (teacher?.endsWith(".json")) return recorded(teacher);
  const config = loadTeacher(db, {
    ...process.env,
    ...(teacher && { SELKIE_TEACHER: teacher }),
    ...(model && { SELKIE_TEACHER_MODEL: model }),
  });
  if (!config) return undefined;
  const it = await startTeacher(db, config);
  return {
    name: it.name,
    problems: [],
    teach: async (passage, kind, { seed, onProblem, signal }) => {
      const [edit] = await teacherEdits(it, passage, { seed, onProblem, signal }).write([kind]);
      return edit;
    },
    close: () => it.close(),
  };
}

function rules(): ExperimentTeacher {
  return {
    name: RULES,
    problems: [],
    teach: async (passage, kind, { seed, onProblem }) => {
      const lines = passage.item.ruled?.(kind, seed);
      if (!lines) {
        onProblem("only the invented world has rules to write by");
        return undefined;
      }
      const completions = [lines.join("\n")];
      return { kind, prompt: editPrompt(kind, passage), completions, lines, dropped: 0 };
    },
    close: async () => {},
  };
}

async function recorded(path: string): Promise<ExperimentTeacher> {
  const text = await Bun.file(path)
    .text()
    .catch((error: Error) => {
      throw new CommandError("unreadable", `The edits ${path} cannot be read: ${error.message}.`);
    });
  const { items, problems } = parseRecorded(parseJson(path, text));
  const byText = Map.groupBy(items, ({ context }) => textHash(context));
  return {
    name: `recorded edits ${basename(path)} (${sha256(text).slice(0, 12)})`,
    problems: problems.map(({ item, completion, problem }) => ({
      problem: `Recorded edits, item ${item}${completion ? `, completion ${completion}` : ""}: ${problem}`,
    })),
    teach: async (passage, kind, { onProblem }) => {
      const own: RecordedItem[] = byText.get(textHash(passage.text)) ?? [];
      const [completion] = own.filter((it) => it.kind === kind).flatMap((it) => it.completions);
      if (completion === undefined) {
        onProblem("the file has none about it");
        return undefined;
      }
      const edit = readEdit(kind, [completion], passage);
      if (edit.lines.length === 0) {
        onProblem(
          "its lines have names or numbers that are not in the passage, or are no statements",
        );
      }
      return edit;
    },
    close: async () => {},
  };
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("unreadable", `The edits ${path} are not JSON: ${reason}.`);
  }
}
