import { replaceCandidates } from "../../db/candidates.ts";
import { askedInReports, listProbes } from "../../db/probes.ts";
import { makeEdits } from "../study/index.ts";
import type { Run } from "./run.ts";

/** Stage `study`: M self-edits, stored before anything is trained on them. */
export async function studyStage(run: Run): Promise<void> {
  const { context, db, passage, update } = run;
  if (run.isOutdated) return run.advance({ stage: "decide" });
  run.say("Writing study material");
  const probes = listProbes(db, passage.id);
  const edits = await run.timed("sample", () =>
    makeEdits(
      () => context.generator(),
      passage,
      { ...run.settings, seed: run.seed },
      {
        probes: probes[0]?.kind ?? "cloze",
        examQuestions: probes.flatMap(({ split, question }) =>
          split === "report" ? [question] : [],
        ),
        askedElsewhere: (questions) => askedInReports(db, questions),
        signal: context.signal,
      },
    ),
  );
  run.advance({ stage: "train" }, () => {
    const rows = edits.map((edit, ordinal) => ({ updateId: update.id, ordinal, ...edit }));
    replaceCandidates(db, update.id, rows);
  });
}
