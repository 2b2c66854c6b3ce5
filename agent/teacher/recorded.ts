import * as v from "valibot";
import type { PromptKind } from "../../db/candidates.ts";
import { addDocument } from "../../db/documents.ts";
import { enqueueJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { addPassages } from "../../db/passages.ts";
import { PROMPT_KINDS } from "../../db/schema.ts";
import { addRecordedEdit, listRecordedEdits } from "../../db/teacher.ts";
import type { PassageText } from "../prompts.ts";
import { textHash } from "../read/hash.ts";
import type { EditSource } from "../study/index.ts";
import { readEdit } from "../study/written.ts";
import { RecordedError } from "./types.ts";

/** A passage of a file, with the edits that somebody's model once wrote about it. */
export interface RecordedItem {
  title: string;
  context: string;
  completions: string[];
  kind: PromptKind;
}

/** Something in the file that cannot be used; counting from 1, as people do. */
export interface RecordedProblem {
  item: number;
  completion?: number;
  problem: string;
}

export interface RecordedFile {
  items: RecordedItem[];
  problems: RecordedProblem[];
}

const Text = v.pipe(v.string("is not a text"), v.trim(), v.nonEmpty("is empty"));
const ItemSchema = v.object({
  title: Text,
  context: Text,
  completions: v.pipe(v.array(v.unknown(), "is not a list"), v.nonEmpty("is empty")),
  kind: v.optional(
    v.picklist(PROMPT_KINDS, `is none of ${PROMPT_KINDS.join(", ")}`),
    "implications",
  ),
});

/**
 * Reads `[{ title, context, completions: [text], kind? }]`, the form in which edits are published.
 * What cannot be used is told item by item, and the rest is used.
 * @throws RecordedError when it is no list, or nothing of it can be used
 */
export function parseRecorded(data: unknown): RecordedFile {
  if (!Array.isArray(data)) {
    throw new RecordedError(
      "The recorded edits must be a JSON list: [{ title, context, completions: [text] }].",
    );
  }
  const items: RecordedItem[] = [];
  const problems: RecordedProblem[] = [];
  data.forEach((value: unknown, i) => {
    const parsed = v.safeParse(ItemSchema, value);
    if (!parsed.success) {
      problems.push({ item: i + 1, problem: issueOf(parsed.issues[0]) });
      return;
    }
    const { completions, ...item } = parsed.output;
    const seen = new Set<string>();
    completions.forEach((entry, j) => {
      const text = v.safeParse(Text, entry);
      const problem = !text.success
        ? text.issues[0].message
        : seen.has(text.output)
          ? "is there twice"
          : undefined;
      if (problem) problems.push({ item: i + 1, completion: j + 1, problem });
      else seen.add(text.output as string);
    });
    if (seen.size > 0) items.push({ ...item, completions: [...seen] });
  });
  if (items.length === 0) {
    const first = problems[0];
    throw new RecordedError(
      `There is no usable edit among its ${data.length} items${first ? `; ${describeRecorded(first)}` : "."}`,
    );
  }
  return { items, problems };
}

/** A problem in a sentence. */
export function describeRecorded({ item, completion, problem }: RecordedProblem): string {
  const where =
    completion === undefined ? `item ${item}` : `item ${item}, completion ${completion}`;
  return `${where}: ${problem}.`;
}

/** What an import brought. */
export interface Imported {
  passages: number;
  edits: number;
  /** Passages that are to be learned now; the others were decided before. */
  queued: number;
}

/** Stores recorded edits with their passages, and queues those that have not been learned yet. */
export function importRecorded(db: Database, items: RecordedItem[], source: string): Imported {
  const result: Imported = { passages: 0, edits: 0, queued: 0 };
  for (const { title, context: text, completions, kind } of items) {
    transaction(db, () => {
      const hash = textHash(text);
      const draft = { source, format: "text", title, contentHash: hash } as const;
      const { document } = addDocument(db, draft);
      const { passages } = addPassages(db, document.id, [{ position: 0, title, text, hash }]);
      const passage = passages[0]!;
      const added = completions.filter((completion) =>
        addRecordedEdit(db, { passageId: passage.id, kind, completion, source }),
      );
      result.passages += 1;
      result.edits += added.length;
      if (passage.decision !== "new" && passage.decision !== "failed") return;
      const learn = { kind: "learn", payload: { passageId: passage.id } } as const;
      if (enqueueJob(db, { ...learn, key: `learn:${passage.id}` }).added) result.queued += 1;
    });
  }
  return result;
}

/** A passage's recorded edits, held to what own edits are held to. */
export function recordedSource(
  db: Database,
  passage: PassageText & { id: number },
  onProblem: (message: string) => void,
): EditSource {
  return {
    origin: "recorded",
    write: async () =>
      listRecordedEdits(db, passage.id).map(({ kind, completion, source }, i) => {
        const edit = readEdit(kind, [completion], passage);
        if (edit.lines.length === 0) {
          onProblem(
            `Edit ${i + 1} of ${source} has no line that can be used: names or numbers in it are not in the passage, or it has no statements.`,
          );
        }
        return edit;
      }),
  };
}

function issueOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (!path) return "is not an object";
  const missing = issue.received === "undefined" || issue.message.startsWith("Invalid key");
  return `“${path}” ${missing ? "is missing" : issue.message}`;
}
