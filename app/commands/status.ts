import type { Command } from "commander";
import { isDead } from "../../agent/jobs/owner.ts";
import { describe } from "../../agent/jobs/run.ts";
import { LOOP_LEASE } from "../../agent/loop.ts";
import { type Rest, restAt } from "../../agent/triage/permit.ts";
import { countDocuments } from "../../db/documents.ts";
import { countJobs, listJobs } from "../../db/jobs.ts";
import { leaseHolder } from "../../db/leases.ts";
import type { Database } from "../../db/open.ts";
import { countPassages } from "../../db/passages.ts";
import { findOpenUpdate } from "../../db/updates.ts";
import { currentVersion } from "../../db/versions.ts";
import { type BackupState, backupState } from "../archive/schedule.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import { loadSettings } from "../settings.ts";

/** How many of the latest failures are told. */
const FAILURES = 5;

export function register(program: Command): void {
  runs(program.command("status").description("say what is queued, learned and going on"), status);
}

async function status(context: CommandContext): Promise<CommandResult> {
  const { db, config } = context.instance();
  const data = {
    home: config.home,
    model: config.model,
    version: currentVersion(db)?.id ?? null,
    documents: countDocuments(db),
    passages: countPassages(db),
    jobs: countJobs(db),
    loop: loopOf(db),
    running: runningJob(db),
    rest: restAt(db, loadSettings(db).triage) ?? null,
    backup: backupState(db),
    failures: listJobs(db, "failed", FAILURES).map(({ id, error }) => ({ job: id, error })),
  };
  return { data, text: words(data) };
}

function loopOf(db: Database) {
  const holder = leaseHolder(db, LOOP_LEASE);
  const alive = holder !== undefined && holder.expiresAt > Date.now() && !isDead(holder.owner);
  if (!holder || !alive) return { running: false };
  return { running: true, process: Number(holder.owner.split("/")[1]), problem: holder.problem };
}

function runningJob(db: Database) {
  const job = listJobs(db, "running", 1)[0];
  if (!job) return null;
  const { passageId } = job.payload;
  const stage = passageId === undefined ? job.kind : findOpenUpdate(db, passageId)?.stage;
  return { job: job.id, title: describe(db, job), stage, since: job.startedAt };
}

function words(data: {
  home: string;
  model: { name: string; embedded: boolean };
  version: number | null;
  documents: number;
  passages: Record<string, number>;
  jobs: Record<string, number>;
  loop: ReturnType<typeof loopOf>;
  running: ReturnType<typeof runningJob>;
  rest: Rest | null;
  backup: BackupState;
  failures: { job: number; error: string | null }[];
}): string {
  const { loop, running } = data;
  const counts = (record: Record<string, number>) =>
    Object.entries(record)
      .filter(([, n]) => n > 0)
      .map(([name, n]) => `${n} ${name}`)
      .join(", ") || "none";
  const lines = [
    `data       ${data.home}`,
    `model      ${data.model.name}${data.model.embedded ? " (embedded, for the demo)" : ""}`,
    `version    ${data.version ?? "the untouched base"}`,
    `documents  ${data.documents}`,
    `passages   ${counts(data.passages)}`,
    `jobs       ${counts(data.jobs)}`,
    `learning   ${loop.running ? `in process ${loop.process}` : "no process is learning: start `selkie serve`"}`,
  ];
  const { last, problem } = data.backup;
  const made = last === null ? "none yet" : `last good one ${new Date(last).toISOString()}`;
  lines.push(`backups    ${made}${problem ? `; ${problem}` : ""}`);
  if (data.rest) lines.push(`rests      ${data.rest.message}`);
  if (loop.problem && loop.problem !== data.rest?.message) lines.push(`problem    ${loop.problem}`);
  if (running)
    lines.push(`running    ${running.title}${running.stage ? ` (${running.stage})` : ""}`);
  for (const { job, error } of data.failures) lines.push(`failed     job ${job}: ${error}`);
  return lines.join("\n");
}
