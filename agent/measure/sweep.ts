import { join } from "node:path";
import { addEvent } from "../../db/events.ts";
import { commitStep, finishJob, type Job } from "../../db/jobs.ts";
import { saveBeliefs, saveMeasurement } from "../../db/measurements.ts";
import type { LearnerContext } from "../context.ts";
import { controlSet } from "../control/store.ts";
import { baseFingerprint } from "../model.ts";
import { soundVersion } from "../versions.ts";
import { askMemory, saveControl } from "./ask.ts";
import { saveLooks } from "./looks.ts";
import { rememberOlder } from "./remember.ts";

/** Asks every report probe and the control set under the current version. An interrupted sweep begins anew. */
export async function runSweep(context: LearnerContext, job: Job): Promise<void> {
  const { db, home, settings } = context;
  const version = await soundVersion(db, home);
  if (!version) return;
  const title = "Asking every question";
  const say = (detail: string) =>
    context.onProgress({ jobId: job.id, title, stage: "sweep", detail });
  say("Choosing what to watch of the base");
  await controlSet(context);
  rememberOlder(db);
  const started = performance.now();
  const finding = await askMemory({
    ...context,
    base: baseFingerprint(db),
    version: version.id,
    adapter: join(home.adapters, version.file),
    seed: settings.seed,
    onProgress: (asked, of) => say(`${asked} of ${of} questions`),
  });
  const seconds = (performance.now() - started) / 1000;
  commitStep(db, job, () => {
    saveLooks(db, version.id, finding.looks);
    saveControl(db, version.id, finding.control);
    saveBeliefs(db, version.id, finding.beliefs);
    saveMeasurement(db, {
      versionId: version.id,
      kind: "sweep",
      figures: finding.figures,
      forward: null,
      seconds,
    });
    const message = `Asked all ${finding.figures.population} questions under version ${version.id}.`;
    addEvent(db, { level: "info", kind: "memory.swept", message, jobId: job.id });
    finishJob(db, job);
  });
}
