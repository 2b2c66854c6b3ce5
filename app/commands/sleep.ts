import type { Command } from "commander";
import { requestSleep, stopRefit } from "../../agent/refit/request.ts";
import { openRefits } from "../../db/refits.ts";
import type { LineageFacts, RefitLine } from "../../views/lineage-types.ts";
import { lineageFacts } from "../facts-lineage.ts";
import { followRefit } from "../follow-refit.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { loadSettings } from "../settings.ts";
import { table } from "../table.ts";

export function register(program: Command): void {
  const sleep = program
    .command("sleep")
    .description("fit one adapter from the untouched base on everything that is known");
  runs<{ wait?: boolean }>(
    sleep
      .command("now", { isDefault: true })
      .description("begin a sleep; what it makes takes over if the gate lets it")
      .option("--wait", "return when it is over"),
    now,
  );
  runs(
    sleep.command("status").description("when the next one is due, and what came of the last ones"),
    status,
  );
  runs(
    sleep
      .command("stop")
      .description("end what is fitted anew (a sleep, an unlearning): everything stays as it is")
      .argument("[refit]", "its number; by default the one that is under way"),
    stop,
  );
}

async function now(
  context: CommandContext,
  _args: string[],
  { wait }: { wait?: boolean },
): Promise<CommandResult> {
  return followRefit(context, requestSleep(context.instance().db), wait);
}

async function status(context: CommandContext): Promise<CommandResult> {
  const instance = context.instance();
  const { sleep, refits } = await lineageFacts(instance, loadSettings(instance.db));
  return { data: { sleep, refits }, text: words(sleep, refits) };
}

async function stop(context: CommandContext, [which]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const id = which === undefined ? openRefits(db)[0]?.id : Number(which);
  if (id === undefined || !Number.isSafeInteger(id) || !stopRefit(db, id)) {
    throw new CommandError(
      "nothing-to-stop",
      `${which === undefined ? "Nothing is fitted anew now" : `Refit ${which} is not under way`}: \`selkie sleep status\` lists them.`,
    );
  }
  return { data: { stopped: id }, text: `Refit ${id} is stopped: everything stays as it is.` };
}

function words(sleep: LineageFacts["sleep"], refits: RefitLine[]): string {
  const { versions, days, afterVersions, afterDays } = sleep;
  const due = [
    afterVersions > 0 && `after ${afterVersions} versions`,
    afterDays > 0 && `after ${afterDays} days`,
  ].filter(Boolean);
  const when = due.length > 0 ? `the next one begins ${due.join(" or ")}` : "only when asked for";
  const first = `${versions} versions and ${Math.floor(days)} days since the last sleep; ${when}.`;
  if (refits.length === 0) return first;
  const rows = table(refits, [
    { head: "refit", cell: ({ id }) => String(id), right: true },
    { head: "what", cell: ({ name }) => name, max: 40 },
    { head: "verdict", cell: ({ verdict }) => verdict ?? "open" },
    { head: "version", cell: ({ versionId }) => String(versionId ?? "–"), right: true },
    { head: "why", cell: ({ reason = "" }) => reason, max: 80 },
  ]);
  return `${first}\n\n${rows}`;
}
