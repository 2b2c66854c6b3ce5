import { finishJob } from "../../db/jobs.ts";
import { meanForward, saveBeliefs, saveMeasurement } from "../../db/measurements.ts";
import { listProbes } from "../../db/probes.ts";
import { type ProbeScore, probeScores, saveScores } from "../../db/scores.ts";
import { BASE_VERSION, type Version, versionOfUpdate } from "../../db/versions.ts";
import { controlSet } from "../control/store.ts";
import { mean } from "../decide.ts";
import { askMemory, saveControl } from "../measure/ask.ts";
import { saveLooks } from "../measure/looks.ts";
import { requestSweep } from "../measure/queue.ts";
import { remember, rememberOlder } from "../measure/remember.ts";
import { baseFingerprint } from "../model.ts";
import type { Run } from "./run.ts";
import { scoreProbes } from "./score.ts";

/**
 * Stage `measure`: the passage's own probes under the new version, which later ones are compared with;
 * then a sample of all report probes and the control set. It costs the same, however much was learned.
 */
export async function measureStage(run: Run): Promise<void> {
  const { context, db } = run;
  const version = versionOfUpdate(db, run.update.id);
  if (!version) throw new Error(`Update ${run.update.id} is to be measured, and has no version.`);
  await rememberOwn(run, version);
  run.say("Measuring what is remembered");
  const started = performance.now();
  await run.timed("measure", () => controlSet(context));
  const finding = await run.timed("measure", () =>
    askMemory({
      ...context,
      onProgress: undefined,
      base: baseFingerprint(db),
      version: version.id,
      adapter: run.adapterPath(version.file),
      budget: run.settings.measureProbes,
      seed: run.settings.seed,
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const forward = forwardTerm(run);
  const earlier = meanForward(db);
  run.advance({ stage: "done", finishedAt: Date.now() }, () => {
    saveLooks(db, version.id, finding.looks);
    saveControl(db, version.id, finding.control);
    saveBeliefs(db, version.id, finding.beliefs);
    saveMeasurement(db, {
      versionId: version.id,
      kind: "sample",
      figures: { ...finding.figures, fwt: runningMean(earlier, forward) },
      forward,
      seconds,
    });
    const { sweepEvery } = run.settings;
    if (sweepEvery > 0 && version.id % sweepEvery === 0) requestSweep(db);
    finishJob(db, run.job);
  });
}

function runningMean({ mean, n }: { mean: number | null; n: number }, term: number | null) {
  return term === null ? mean : ((mean ?? 0) * n + term) / (n + 1);
}

/** How the passage stands right after its update. */
async function rememberOwn(run: Run, version: Version): Promise<void> {
  const { context, db, passage } = run;
  run.say("Asking what was learned");
  const probes = listProbes(db, passage.id);
  const scores = await run.timed("measure", async () =>
    scoreProbes(await context.trainer(), probes, context.model, {
      adapter: run.adapterPath(version.file),
      signal: context.signal,
    }),
  );
  run.advance({ stage: "measure" }, () => {
    rememberOlder(db);
    saveScores(db, version.id, scores);
    remember(db, passage.id, "learned", version.id);
  });
}

/** R[i−1, i] − b_i: what earlier updates had done for this passage before it was learned. */
function forwardTerm(run: Run): number | null {
  const { db, passage } = run;
  const report = new Set(listProbes(db, passage.id, "report").map(({ id }) => id));
  const accuracy = (versionId: number) =>
    [...probeScores(db, versionId, passage.id).values()]
      .filter(({ probeId }) => report.has(probeId))
      .map(({ exact }: Pick<ProbeScore, "exact">) => (exact ? 1 : 0));
  const before = accuracy(run.parentId);
  const base = accuracy(BASE_VERSION);
  return before.length === 0 || base.length === 0 ? null : mean(before) - mean(base);
}
