import type { PromptKind } from "../../db/candidates.ts";
import {
  addEdits,
  type ExperimentEdit,
  listEdits,
  type NewEdit,
} from "../../db/experiment-results.ts";
import { random, seedFor, shuffled } from "../../trainer/random.ts";
import { distinct, withoutExamQuestions } from "../study/lines.ts";
import { sampleEdits, type WrittenEdit } from "../study/written.ts";
import type { ExperimentConfig } from "./config.ts";
import { type Lab, type LabPassage, reportQuestions } from "./lab.ts";
import { policyPath } from "./policy.ts";

const MAX_SEED = 0x7fffffff;

/** What edits by the base need. */
export type EditLab = Pick<Lab, "db" | "home" | "experiment" | "generator" | "signal"> & {
  config: Pick<ExperimentConfig, "lists">;
};

/** A passage to be written about. */
export type EditPassage = Pick<LabPassage, "id" | "ordinal" | "title" | "text">;

/** Who wrote an edit: the untouched base, or the writer after so many rounds. */
export function writerName(rounds: number): string {
  return rounds === 0 ? "own" : `seal-${rounds}`;
}

/**
 * Edits by the base or by the writer of a round, as they come: sampled in one batch, recorded, and from
 * then on the same. Lines that ask a report question in its own words are left out, as are lines with
 * names or numbers that the passage does not have.
 */
export async function writtenEdits(
  lab: EditLab,
  passage: EditPassage,
  { rounds, seed, kind, count }: { rounds: number; seed: number; kind: PromptKind; count: number },
): Promise<ExperimentEdit[]> {
  const place = { passageId: passage.id, seed, writer: writerName(rounds), kind };
  const there = listEdits(lab.db, place);
  if (there.length >= count) return there.slice(0, count);
  lab.signal.throwIfAborted();
  const { lists } = lab.config;
  // Both writers are sampled with the same seeds: only the writer differs. An edit has its own,
  // whatever it is sampled with.
  const first = seedFor(seed, `edits ${passage.ordinal} ${kind}`) % (MAX_SEED - 1000);
  const kinds = Array<PromptKind>(count - there.length).fill(kind);
  const adapter = rounds === 0 ? undefined : policyPath(lab, { seed, kind, round: rounds });
  const written = await sampleEdits(await lab.generator(), passage, kinds, {
    seed: first + there.length * lists,
    lists,
    signal: lab.signal,
    ...(adapter !== undefined && { adapter }),
  });
  addEdits(
    lab.db,
    written.map((edit, i) => ({
      ...clean(lab, passage, edit),
      ...place,
      ordinal: there.length + i,
    })),
  );
  return listEdits(lab.db, place).slice(0, count);
}

/** The edit of the teacher; none where he wrote nothing that can be used, which is told. */
export async function taughtEdit(
  lab: Lab,
  passage: LabPassage,
  { seed, kind }: { seed: number; kind: PromptKind },
): Promise<ExperimentEdit | undefined> {
  const place = { passageId: passage.id, seed, writer: "teacher", kind };
  const [there] = listEdits(lab.db, place);
  if (there || !lab.teach) return there;
  lab.signal.throwIfAborted();
  const told: string[] = [];
  const written = await lab.teach(passage, kind, {
    seed: seedFor(seed, `teacher ${passage.ordinal} ${kind}`) % MAX_SEED,
    onProblem: (problem) => told.push(problem.replace(/\.$/, "")),
    signal: lab.signal,
  });
  const edit = written && clean(lab, passage, written);
  if (!edit || edit.lines.length === 0) {
    const why = told.length > 0 ? `: ${told.join("; ")}` : "";
    const problem = `has no teacher's edit (${kind})${why}`;
    lab.onProblem({ item: passage.item.number, problem, by: "teacher" });
    return undefined;
  }
  addEdits(lab.db, [{ ...edit, ...place, ordinal: 0 }]);
  return listEdits(lab.db, place)[0];
}

/**
 * Lines of other own edits, drawn at random: one edit's first, then of the rest until there are as many
 * tokens as the best one has. What is then different is which lines they are.
 */
export async function randomEdit(
  lab: Lab,
  passage: LabPassage,
  own: readonly ExperimentEdit[],
  best: ExperimentEdit,
): Promise<ExperimentEdit> {
  const { seed, kind } = best;
  const place = { passageId: passage.id, seed, writer: "random", kind };
  const [there] = listEdits(lab.db, place);
  if (there) return there;
  const next = random(seedFor(seed, `random ${passage.ordinal} ${kind}`));
  const others = own.filter(({ id }) => id !== best.id);
  const order = shuffled(others.length, next).map((i) => others[i]!.lines);
  const [first = [], ...rest] = order;
  const pool = rest.flat();
  const lines = distinct([...first, ...shuffled(pool.length, next).map((i) => pool[i]!)]);
  const tokens = await (await lab.trainer()).countTokens([best.lines.join("\n"), ...lines]);
  const kept = upTo(lines, tokens.slice(1), tokens[0] ?? 0);
  const edit = { lines: kept, dropped: 0, prompt: null, completions: null };
  addEdits(lab.db, [{ ...edit, ...place, ordinal: 0 }]);
  return listEdits(lab.db, place)[0]!;
}

/** As many of the first lines as come nearest to a number of tokens. */
export function upTo(
  lines: readonly string[],
  tokens: readonly number[],
  wanted: number,
): string[] {
  let sum = 0;
  let count = 0;
  for (const n of tokens) {
    if (Math.abs(sum + n - wanted) > Math.abs(sum - wanted)) break;
    sum += n;
    count += 1;
  }
  return lines.slice(0, count);
}

function clean(
  lab: Pick<Lab, "db">,
  passage: EditPassage,
  { lines, dropped, prompt, completions }: WrittenEdit,
): Pick<NewEdit, "lines" | "dropped" | "prompt" | "completions"> {
  const asked = reportQuestions(lab, passage.id).map(({ question }) => question);
  const kept = withoutExamQuestions(lines, asked);
  return {
    lines: kept,
    dropped: dropped + lines.length - kept.length,
    prompt,
    completions: kept.length > 0 ? completions : [],
  };
}
