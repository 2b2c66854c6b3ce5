import { dropJob, finishJob } from "../../db/jobs.ts";
import { meanForward, saveBeliefs, saveMeasurement } from "../../db/measurements.ts";
import { listProbes } from "../../db/probes.ts";
import { type ProbeScore, probeScores, saveScores } from "../../db/scores.ts";
import { changeUpdate } from "../../db/updates.ts";
import { BASE_VERSION, getVersion, type Version } from "../../db/versions.ts";
import { controlSet } from "../control/store.ts";
import { mean } from "../decide.ts";
import { askMemory, saveControl } from "../measure/ask.ts";
import { saveLooks } from "../measure/looks.ts";
import { requestSweep } from "../measure/queue.ts";
import { remember, rememberOlder } from "../measure/remember.ts";
import { baseFingerprint } from "../model.ts";
import { learnKey } from "../triage/key.ts";
import type { Run } from "./run.ts";
import { scoreProbes } from "./score.ts";
import { listMembers, type Member } from "./together.ts";

/**
 * Stage `measure`: the passage's own probes under the new version, which later ones are compared with;
 * then a sample of all report probes and the control set. It costs the same, however much was learned.
 */
export async function measureStage(run: Run): Promise<void> {
  const { context, db } = run;
  const { versionId } = run.update;
  const version = versionId === null ? undefined : getVersion(db, versionId);
  if (!version) throw new Error(`Update ${run.update.id} is to be measured, and has no version.`);
  const members = listMembers(run);
  await rememberOwn(run, version, members);
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
  const forward = forwardTerm(run, members);
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
    for (const { update, passage } of members) {
      changeUpdate(db, update.id, { stage: "done", finishedAt: Date.now() });
      dropJob(db, learnKey(passage.id));
    }
    finishJob(db, run.job);
  });
}

function runningMean({ mean, n }: { mean: number | null; n: number }, term: number | null) {
  return term === null ? mean : ((mean ?? 0) * n + term) / (n + 1);
}

/** How the passage, and those that were trained with it, stand right after the update. */
async function rememberOwn(run: Run, version: Version, members: Member[]): Promise<void> {
  const { context, db, passage } = run;
  run.say("Asking what was learned");
  const taught = [passage, ...members.map((member) => member.passage)];
  const probes = taught.flatMap(({ id }) => listProbes(db, id));
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
    for (const { passage, update } of members) {
      const { verdict } = update;
      // Studied again without success, it is still what an earlier version learned.
      const stays = verdict === "reject" && passage.decision === "learned";
      const role = verdict === "commit" || stays ? "learned" : "rejected";
      remember(db, passage.id, role, version.id, { onlyNew: stays });
    }
  });
}

/** R[i−1, i] − b_i: what earlier updates had done for the passages before they were learned. */
function forwardTerm(run: Run, members: Member[]): number | null {
  const { db, passage } = run;
  const taught = [passage.id, ...members.map((member) => member.passage.id)];
  const report = new Set(taught.flatMap((id) => listProbes(db, id, "report")).map(({ id }) => id));
  const accuracy = (versionId: number) =>
    taught
      .flatMap((id) => [...probeScores(db, versionId, id).values()])
      .filter(({ probeId }) => report.has(probeId))
      .map(({ exact }: Pick<ProbeScore, "exact">) => (exact ? 1 : 0));
  const before = accuracy(run.parentId);
  const base = accuracy(BASE_VERSION);
  return before.length === 0 || base.length === 0 ? null : mean(before) - mean(base);
}
