import {
  addExperimentPassages,
  type ExperimentPassage,
  listExperimentPassages,
  listQuestions,
} from "../../../db/experiments.ts";
import { random, seedFor, shuffled } from "../../../trainer/random.ts";
import { makeEdits, type SelfEdit } from "../../study/index.ts";
import { readEdit } from "../../study/written.ts";
import type { ExperimentData } from "../data.ts";
import { deal } from "../deal.ts";
import { type EditLab, writtenEdits } from "../edits.ts";
import { reportQuestions } from "../lab.ts";
import type { ForgettingConfig } from "./config.ts";
import type { Lesson } from "./student.ts";

/**
 * The passages of a sequence, in their own order; dealt when it is first asked for.
 * @throws ExperimentDataError where the data has too few
 */
export function sequencePassages(
  { db, experiment }: Pick<EditLab, "db" | "experiment">,
  sequence: number,
  length: number,
  data: () => ExperimentData,
): ExperimentPassage[] {
  const own = () =>
    listExperimentPassages(db, experiment.id).filter(({ round }) => round === sequence);
  const there = own();
  if (there.length > 0) return there;
  const dealt = deal(data(), {
    regimes: ["single"],
    arms: [],
    passages: length,
    sets: 0,
    together: 0,
    tune: 0,
    rounds: 0,
    writePassages: 0,
    reward: "gold",
  });
  addExperimentPassages(
    db,
    experiment.id,
    dealt.map(({ item: _, ...passage }) => ({ ...passage, round: sequence })),
  );
  return own();
}

/** Passages with their questions and the edits that every arm learns them from, by the untouched base. */
export async function makeLessons(
  lab: EditLab,
  passages: readonly ExperimentPassage[],
  { seed, kind, candidates }: Pick<ForgettingConfig, "seed" | "kind" | "candidates">,
): Promise<Lesson[]> {
  const lessons: Lesson[] = [];
  for (const passage of passages) {
    const written = await writtenEdits(lab, passage, { rounds: 0, seed, kind, count: candidates });
    const examQuestions = reportQuestions(lab, passage.id).map(({ question }) => question);
    const source = {
      origin: "recorded" as const,
      write: async () =>
        written.map(({ lines, dropped }) => {
          return { kind, lines, dropped, prompt: "", completions: [] };
        }),
    };
    // Where there are too few lines, there is an edit made by rule, as in the learner.
    const kinds = written.map(() => kind);
    const edits = await makeEdits([source], passage, { kinds, seed, examQuestions });
    lessons.push({
      passage,
      questions: listQuestions(lab.db, passage.id),
      edits: distinctEdits(edits.map((edit) => asRecorded(edit, passage))),
      editIds: written.map(({ id }) => id),
    });
  }
  return lessons;
}

/** The lessons of a sequence in one of its orders. */
export function inOrder<T>(lessons: readonly T[], ordering: number, sequence: number): T[] {
  if (ordering === 1) return [...lessons];
  const next = random(seedFor(ordering, `order of ${sequence}`));
  return shuffled(lessons.length, next).map((i) => lessons[i]!);
}

/** An edit as it reads where it comes from a file, which is how the learner gets it. */
function asRecorded(
  { kind, lines }: SelfEdit,
  passage: ExperimentPassage,
): Lesson["edits"][number] {
  const form = kind === "sentences" ? "rewrite" : kind;
  return { kind: form, lines: readEdit(form, [lines.join("\n")], passage).lines };
}

function distinctEdits(edits: Lesson["edits"]): Lesson["edits"] {
  return [...new Map(edits.map((edit) => [edit.lines.join("\n"), edit])).values()];
}
