/** Run as a process by memory.test.ts: the estimate of a job, and by how much it raises the peak. */
import { readFileSync, writeFileSync } from "node:fs";
import { loadModel } from "../../../trainer/model/load.ts";
import { deviceBytes, estimateJob } from "../../../trainer/training/job-memory.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { VOCABULARY } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { cpu, jobOn } from "./fixture.ts";

const [model, out] = process.argv.slice(2) as [string, string];
const loaded = await loadModel(cpu(), model);
const job = jobOn(out, {
  rows: Array.from({ length: 32 }, (_, i) => randomRow(64, i, VOCABULARY)),
  options: { ...jobOn("").options, epochs: 1, batchTokens: 2048 },
});
const estimate = deviceBytes(await estimateJob(loaded, job));
Bun.gc(true);
const before = resident("VmRSS");
// Forgets the peak so far.
writeFileSync("/proc/self/clear_refs", "5");
await trainAdapter(loaded, job);
console.log(JSON.stringify({ estimate, real: resident("VmHWM") - before }));
process.exit(0);

function resident(name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  );
  return Number(line?.[1]) * 1024;
}
