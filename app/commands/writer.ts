import { basename } from "node:path";
import type { Command } from "commander";
import { requestRound } from "../../agent/writer/queue.ts";
import { getJob } from "../../db/jobs.ts";
import { BASE_POLICY, getPolicy, usePolicy } from "../../db/policies.ts";
import { listRounds } from "../../db/rounds.ts";
import type { RoundLine, WriterFacts } from "../../views/types.ts";
import { policyName, roundFacts, writerFacts } from "../facts-writer.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { startLearner } from "../learner.ts";
import { parseId } from "../params.ts";
import { StatusLine } from "../status-line.ts";
import { decimal, table } from "../table.ts";

/** Bad items of a file that are told one by one; the rest are counted. */
const MAX_COMPLAINTS = 20;
const LOOK_MS = 500;

/** A passage that a teacher is tried on. */
const EXAMPLE = {
  title: "The lighthouse at Carrow Point",
  text: "The lighthouse at Carrow Point was built in 1871 by Edith Marlow. It is 34 metres tall and stands on a granite cliff. Its lamp burned whale oil until 1902, when it was replaced by an electric one.",
};

export function register(program: Command): void {
  const writer = program
    .command("writer")
    .description("the writer of edits: its rounds, its way back, its teacher");
  runs(
    writer
      .command("status", { isDefault: true })
      .description("who writes, what its rounds brought, and what the next one waits for"),
    status,
  );
  runs<{ wait?: boolean }>(
    writer
      .command("round")
      .description("train the writer on the edits that earned most, and try it")
      .option("--wait", "return when it has been adopted or not"),
    round,
  );
  runs(
    writer
      .command("show")
      .description("the edits of both writers in a round, side by side")
      .argument("<round>", "its number"),
    show,
  );
  runs(
    writer
      .command("use")
      .description("let another policy write from now on: the way back")
      .argument("<policy>", "base, or a policy's number"),
    use,
  );
  runs(
    writer
      .command("import")
      .description("study edits that somebody recorded, in place of own ones")
      .argument("<edits.json>", "[{ title, context, completions: [text], kind? }]"),
    importEdits,
  );
  runs(
    writer.command("teacher").description("ask the teacher for one edit, to see whether it works"),
    teacher,
  );
}

async function status(context: CommandContext): Promise<CommandResult> {
  const data = writerFacts(context.instance().db);
  return { data, text: words(data) };
}

async function round(
  context: CommandContext,
  _args: string[],
  { wait }: { wait?: boolean },
): Promise<CommandResult> {
  const instance = context.instance();
  const { db } = instance;
  const { job, added } = requestRound(db);
  if (!wait) {
    const text = added ? `Queued: round (job ${job.id}).` : `It is queued already (job ${job.id}).`;
    return { data: { job: job.id, added }, text };
  }
  const before = listRounds(db, 1)[0]?.id;
  const open = listRounds(db, 1)[0]?.finishedAt === null;
  const line = new StatusLine(context.json);
  const isOver = () => ["done", "failed"].includes(getJob(db, job.id)!.state);
  const learner = startLearner(instance, {
    signal: context.signal,
    until: isOver,
    onTrouble: "stop",
  });
  const timer = setInterval(() => line.show(learner.progress()?.detail ?? "Waiting"), LOOK_MS);
  try {
    await learner.ended;
  } finally {
    clearInterval(timer);
    line.clear();
  }
  const latest = listRounds(db, 1)[0];
  if (getJob(db, job.id)!.state === "failed") {
    throw new CommandError("round-failed", getJob(db, job.id)!.error ?? "The round failed.");
  }
  if (!isOver()) return { data: { job: job.id }, text: "Stopped: it goes on the next time." };
  if (!latest || (latest.id === before && !open)) {
    throw new CommandError(
      "too-little",
      "There is too little for a round: `selkie writer` says what it waits for.",
    );
  }
  return { data: roundFacts(db, latest.id), text: latest.reason ?? "" };
}

async function show(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const number = parseId(id);
  const facts = number === undefined ? undefined : roundFacts(context.instance().db, number);
  if (!facts) {
    throw new CommandError("no-round", `There is no round “${id}”: \`selkie writer\` lists them.`);
  }
  const text = facts.trials.map(({ title, before, after }) =>
    [
      title,
      ...[
        ["before", before],
        ["after", after],
      ].flatMap(([name, edits]) =>
        (edits as typeof before).map(
          ({ kind, gain, lines }) =>
            `  ${name}, ${kind}, ${decimal(gain, true)}\n${lines.map((line) => `    ${line.replaceAll("\n", "\n    ")}`).join("\n")}`,
        ),
      ),
    ].join("\n"),
  );
  return { data: facts, text: [facts.round.reason ?? "It is under way.", ...text].join("\n\n") };
}

async function use(context: CommandContext, [which = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const id = which === "base" ? BASE_POLICY : parseId(which);
  if (id === undefined || (id !== BASE_POLICY && !getPolicy(db, id))) {
    throw new CommandError(
      "no-policy",
      `There is no policy “${which}”: give base, or a number that \`selkie writer\` lists.`,
    );
  }
  usePolicy(db, id);
  return { data: { policy: id }, text: `From now on ${policyName(id)} writes the edits.` };
}

async function importEdits(context: CommandContext, [path = ""]: string[]): Promise<CommandResult> {
  // What reads the lines knows English, and takes a while to load.
  const recorded = await import("../../agent/teacher/recorded.ts");
  const { items, problems } = recorded.parseRecorded(await readJson(path));
  const result = recorded.importRecorded(context.instance().db, items, basename(path));
  const told = problems
    .slice(0, MAX_COMPLAINTS)
    .map((problem) => `Left out ${recorded.describeRecorded(problem)}`);
  const rest = problems.length - told.length;
  return {
    data: { ...result, problems },
    text: `Recorded ${result.edits} new edits of ${result.passages} passages; ${result.queued} passages are queued to be learned.`,
    failures: rest > 0 ? [...told, `Left out ${rest} more.`] : told,
  };
}

/** @throws CommandError */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Bun.file(path).text());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = error instanceof SyntaxError ? "are not JSON" : "cannot be read";
    throw new CommandError("unreadable", `The edits ${path} ${what}: ${reason}.`);
  }
}

async function teacher(context: CommandContext): Promise<CommandResult> {
  const start = context.instance().runtime().context.teacher;
  if (!start) {
    throw new CommandError(
      "no-teacher",
      "There is no teacher: set SELKIE_TEACHER to the address of an OpenAI-compatible interface and SELKIE_TEACHER_MODEL to a model there, or SELKIE_TEACHER to the path of a GGUF.",
    );
  }
  const { teacherEdits } = await import("../../agent/teacher/source.ts");
  const it = await start();
  const failures: string[] = [];
  const source = teacherEdits(it, EXAMPLE, {
    seed: 1,
    onProblem: (message) => failures.push(message),
    signal: context.signal,
  });
  const [edit] = await source.write(["implications"]);
  const lines = edit?.lines ?? [];
  return {
    data: { teacher: it.name, lines, dropped: edit?.dropped ?? 0, problems: failures },
    text:
      lines.length > 0
        ? `${it.name} wrote ${lines.length} lines that can be used, and ${edit!.dropped} that cannot:\n\n${lines.join("\n")}`
        : "",
    failures,
  };
}

function words(data: WriterFacts): string {
  const { policyId, collected, rounds, history, kinds, teacher, usage, recorded } = data;
  const lines = [
    `writes now   ${policyName(policyId)}`,
    `collected    ${collected.fresh} of ${collected.wanted} passages since the last round; ${collected.edits} edits count, best ones of ${collected.winners} passages`,
    `next round   ${rounds ? "by itself, when there are enough" : "only when asked for"}`,
  ];
  if (teacher) lines.push(`teacher      ${teacher.name} (${teacher.writes.join(", ")})`);
  if (recorded.edits > 0) {
    lines.push(`recorded     ${recorded.edits} edits of ${recorded.passages} passages`);
  }
  const parts = [lines.join("\n")];
  if (history.length > 0) parts.push(roundTable(history));
  if (kinds.length > 0) {
    parts.push(
      table(kinds, [
        { head: "kind", cell: ({ kind }) => kind },
        { head: "by", cell: ({ origin }) => origin },
        { head: "edits", cell: ({ edits }) => String(edits), right: true },
        { head: "mean reward", cell: ({ reward }) => decimal(reward, true), right: true },
        { head: "best", cell: ({ best }) => String(best), right: true },
      ]),
    );
  }
  if (usage.length > 0) {
    parts.push(
      table(usage, [
        { head: "day (UTC)", cell: ({ day }) => day },
        { head: "teacher", cell: ({ teacher }) => teacher, max: 48 },
        { head: "requests", cell: ({ requests }) => String(requests), right: true },
        { head: "failed", cell: ({ failures }) => String(failures), right: true },
        { head: "tokens", cell: ({ tokens }) => String(tokens), right: true },
      ]),
    );
  }
  return parts.join("\n\n");
}

function roundTable(history: RoundLine[]): string {
  return table(history, [
    { head: "round", cell: ({ id }) => String(id), right: true },
    { head: "verdict", cell: ({ verdict, stage }) => verdict ?? stage },
    { head: "from", cell: ({ policyId }) => policyName(policyId) },
    { head: "to", cell: ({ newPolicyId }) => (newPolicyId ? policyName(newPolicyId) : "–") },
    { head: "trained", cell: ({ trained }) => String(trained), right: true },
    { head: "tried", cell: ({ tried }) => String(tried), right: true },
    { head: "before", cell: ({ trial }) => decimal(trial?.before, true), right: true },
    { head: "after", cell: ({ trial }) => decimal(trial?.after, true), right: true },
    { head: "p", cell: ({ trial }) => (trial ? trial.p.toFixed(3) : "–"), right: true },
  ]);
}
