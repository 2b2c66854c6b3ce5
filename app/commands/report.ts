import type { Command } from "commander";
import { type Report, report } from "../../agent/measure/report.ts";
import { PARTS } from "../../agent/measure/timing.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import { decimal, percent, table } from "../table.ts";

/** The matrix is printed up to this size; larger ones are in the JSON and on the page. */
const MAX_MATRIX = 16;

export function register(program: Command): void {
  runs(
    program
      .command("report")
      .description("say what was learned, what was kept, and where the time went"),
    tell,
  );
}

async function tell(context: CommandContext): Promise<CommandResult> {
  const data = report(context.instance().db);
  return { data, text: words(data) };
}

function words(data: Report): string {
  if (data.passages.length === 0) {
    return "Nothing has been read yet: `selkie ingest --wait <path or URL>` reads and learns.";
  }
  return [passages(data), reasons(data), memory(data), matrix(data), timing(data)]
    .filter((part) => part !== "")
    .join("\n\n");
}

function passages({ passages }: Report): string {
  return table(passages, [
    { head: "id", cell: ({ id }) => String(id), right: true },
    { head: "passage", cell: ({ title }) => title, max: 40 },
    { head: "decision", cell: ({ decision }) => decision },
    { head: "probes", cell: ({ kind, probes }) => (kind ? `${probes} ${kind}` : "–") },
    { head: "before", cell: ({ before }) => percent(before?.accuracy), right: true },
    { head: "after", cell: ({ after }) => percent(after?.accuracy), right: true },
    { head: "now", cell: ({ now }) => percent(now?.accuracy), right: true },
    { head: "log p before", cell: ({ before }) => decimal(before?.logprob), right: true },
    { head: "after", cell: ({ after }) => decimal(after?.logprob), right: true },
    { head: "now", cell: ({ now }) => decimal(now?.logprob), right: true },
  ]);
}

/** Why passages were not learned that might have been. */
function reasons({ passages }: Report): string {
  return passages
    .filter(({ decision }) => decision === "rejected" || decision === "failed")
    .map(({ id, decision, reason }) => `${id} ${decision}: ${reason}`)
    .join("\n");
}

function memory({ metrics, matrix }: Report): string {
  if (matrix.length === 0) return "No update has been committed yet.";
  const figures = table(
    [
      { of: "accuracy", ...metrics },
      { of: "log p per token", ...metrics.logprob, forgetting: null },
    ],
    [
      { head: "", cell: ({ of }) => of },
      { head: "ACC", cell: ({ acc }) => decimal(acc), right: true },
      { head: "BWT", cell: ({ bwt }) => decimal(bwt, true), right: true },
      { head: "forgetting", cell: ({ forgetting }) => decimal(forgetting, true), right: true },
      { head: "net gain", cell: ({ netGain }) => decimal(netGain, true), right: true },
    ],
  );
  return `After ${updates(matrix.length)}, on questions that selected nothing:\n${figures}`;
}

function matrix({ matrix, rows, columns }: Report): string {
  if (matrix.length < 2 || matrix.length > MAX_MATRIX) return "";
  const grid = table(matrix, [
    { head: "version", cell: (row) => String(rows[matrix.indexOf(row)]), right: true },
    ...columns.map((id, i) => ({
      head: String(id),
      cell: (row: (number | null)[]) => (row[i] === null ? "" : percent(row[i])),
      right: true,
    })),
  ]);
  return `Accuracy on each passage (columns) after each update (rows):\n${grid}`;
}

function timing({ timing }: Report): string {
  if (timing.updates === 0) return "";
  const parts = PARTS.map((part) => `${part} ${timing[part].toFixed(1)}`).join(", ");
  return `Seconds per update: ${timing.total.toFixed(1)} (${parts}), over ${updates(timing.updates)}.`;
}

function updates(n: number): string {
  return n === 1 ? "1 update" : `${n} updates`;
}
