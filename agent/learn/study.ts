import { replaceCandidates } from "../../db/candidates.ts";
import { askedInReports, listProbes, type Probe } from "../../db/probes.ts";
import { kindRewards } from "../../db/rounds.ts";
import { listRecordedEdits } from "../../db/teacher.ts";
import { type EditSource, makeEdits } from "../study/index.ts";
import { chooseKinds } from "../study/kinds.ts";
import { distinct, pairLine } from "../study/lines.ts";
import { ownEdits } from "../study/own.ts";
import { recordedSource } from "../teacher/recorded.ts";
import { teacherEdits } from "../teacher/source.ts";
import { currentWriter } from "../writer/current.ts";
import type { Run } from "./run.ts";

/** Stage `study`: M self-edits, stored before anything is trained on them. */
export async function studyStage(run: Run): Promise<void> {
  const { db, passage, update, settings, seed } = run;
  if (run.isOutdated) return run.advance({ stage: "decide" });
  run.say("Writing study material");
  const probes = listProbes(db, passage.id);
  // Every recorded edit gets its candidate.
  const candidates = Math.max(settings.candidates, listRecordedEdits(db, passage.id).length);
  const edits = await run.timed("sample", async () =>
    makeEdits(await sourcesFor(run, probes[0]?.kind ?? "cloze"), passage, {
      kinds: chooseKinds({ ...settings, candidates }, { id: passage.id, seed }, () =>
        kindRewards(db),
      ),
      seed,
      examQuestions: probes.flatMap(({ split, question }) =>
        split === "report" ? [question] : [],
      ),
      askedElsewhere: (questions) => askedInReports(db, questions),
    }),
  );
  run.advance({ stage: "train" }, () => {
    const asked = askedLines(probes);
    const rows = edits.map((edit, ordinal) => ({
      ...edit,
      updateId: update.id,
      ordinal,
      lines: distinct([...edit.lines, ...asked]),
    }));
    replaceCandidates(db, update.id, rows);
  });
}

/** What people asked or corrected is studied in their own words, whoever writes: such probes report nothing. */
function askedLines(probes: Probe[]): string[] {
  return probes
    .filter(
      ({ origin, split, supersededBy }) =>
        origin !== "made" && split === "reward" && supersededBy === null,
    )
    .map(({ question, answer }) => pairLine({ question, answer }));
}

/** Who may write, in this order: a file, a teacher, the student, unless it could not even ask questions. */
async function sourcesFor(run: Run, probes: "written" | "cloze"): Promise<EditSource[]> {
  const { context, db, passage, seed, settings } = run;
  const { signal } = context;
  const onProblem = (message: string) => run.warn("teacher.problem", message);
  const teacher = await context.teacher?.();
  const sources = [recordedSource(db, passage, onProblem)];
  if (teacher?.writes.includes("edits")) {
    sources.push(teacherEdits(teacher, passage, { seed, onProblem, signal }));
  }
  if (probes === "written") {
    const { policyId, adapter } = currentWriter(db, context.home);
    const options = { policyId, adapter, seed, lists: settings.editLists, signal };
    sources.push(ownEdits(context.generator, passage, options));
  }
  return sources;
}
