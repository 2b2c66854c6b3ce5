import { replaceCandidates } from "../../db/candidates.ts";
import { askedInReports, listProbes } from "../../db/probes.ts";
import { kindRewards } from "../../db/rounds.ts";
import { type EditSource, makeEdits } from "../study/index.ts";
import { chooseKinds } from "../study/kinds.ts";
import { ownEdits } from "../study/own.ts";
import { currentWriter } from "../writer/current.ts";
import type { Run } from "./run.ts";

/** Stage `study`: M self-edits, stored before anything is trained on them. */
export async function studyStage(run: Run): Promise<void> {
  const { db, passage, update, settings, seed } = run;
  if (run.isOutdated) return run.advance({ stage: "decide" });
  run.say("Writing study material");
  const probes = listProbes(db, passage.id);
  const edits = await run.timed("sample", () =>
    makeEdits(sourcesFor(run, probes[0]?.kind ?? "cloze"), passage, {
      kinds: chooseKinds(settings, { id: passage.id, seed }, () => kindRewards(db)),
      seed,
      examQuestions: probes.flatMap(({ split, question }) =>
        split === "report" ? [question] : [],
      ),
      askedElsewhere: (questions) => askedInReports(db, questions),
    }),
  );
  run.advance({ stage: "train" }, () => {
    const rows = edits.map((edit, ordinal) => ({ updateId: update.id, ordinal, ...edit }));
    replaceCandidates(db, update.id, rows);
  });
}

/** Who may write, in this order: where the model could not question the passage, it writes nothing. */
function sourcesFor(run: Run, probes: "written" | "cloze"): EditSource[] {
  if (probes === "cloze") return [];
  const { context, passage, seed } = run;
  const { policyId, adapter } = currentWriter(run.db, context.home);
  const options = {
    policyId,
    adapter,
    seed,
    lists: run.settings.editLists,
    signal: context.signal,
  };
  return [ownEdits(context.generator, passage, options)];
}
