import { finishJob } from "../../db/jobs.ts";
import { listRememberedProbes } from "../../db/probes.ts";
import { saveScores } from "../../db/scores.ts";
import { versionOfUpdate } from "../../db/versions.ts";
import type { Run } from "./run.ts";
import { scoreProbes } from "./score.ts";

/** Stage `measure`: the report probes of all that is remembered, under the new version. */
export async function measureStage(run: Run): Promise<void> {
  const { context, db } = run;
  const version = versionOfUpdate(db, run.update.id);
  const probes = listRememberedProbes(db);
  run.say(`Measuring what is remembered: ${probes.length} questions`);
  const scores = await run.timed("measure", async () => {
    const options = {
      signal: context.signal,
      ...(version && { adapter: run.adapterPath(version.file) }),
    };
    return scoreProbes(await context.trainer(), probes, context.model, options);
  });
  run.advance({ stage: "done", finishedAt: Date.now() }, () => {
    if (version) saveScores(db, version.id, scores);
    finishJob(db, run.job);
  });
}
