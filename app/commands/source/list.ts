import type { SourceLine } from "../../../views/types.ts";
import { sourceFacts, sourceLines } from "../../facts-sources.ts";
import type { CommandContext, CommandResult } from "../../frame.ts";
import { table } from "../../table.ts";
import { sourceOf } from "./wishes.ts";

const NO_SOURCES =
  "There are no sources yet: `selkie source add <address or folder>` adds one, `selkie ingest` reads something once.";

export async function list(context: CommandContext): Promise<CommandResult> {
  const data = sourceLines(context.instance().db);
  return { data, text: data.length > 0 ? listing(data) : NO_SOURCES };
}

export async function show(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const facts = sourceFacts(db, sourceOf(db, id).id)!;
  const { source, items, documents } = facts;
  const text = [
    listing([source]),
    source.error ?? "",
    documents.length > 0 &&
      table(documents, [
        { head: "document", right: true, cell: (it) => String(it.id) },
        { head: "title", max: 50, cell: (it) => it.title },
        { head: "learn", cell: (it) => it.consent },
        { head: "passages", right: true, cell: (it) => String(it.passages) },
        { head: "from", max: 60, cell: (it) => it.origin },
      ]),
    ...items
      .filter(({ error }) => error)
      .map(({ title, state, error }) => `${state}: ${title}: ${error}`),
  ].filter(Boolean);
  return { data: facts, text: text.join("\n\n") };
}

/** Sources as a table. */
export function listing(lines: SourceLine[]): string {
  return table(lines, [
    { head: "id", right: true, cell: ({ id }) => String(id) },
    { head: "kind", cell: ({ kind }) => kind },
    { head: "title", max: 40, cell: ({ title }) => title },
    { head: "mode", cell: ({ mode }) => mode },
    { head: "state", cell: ({ state }) => state },
    { head: "read", right: true, cell: ({ counts }) => String(counts.documents) },
    { head: "held", right: true, cell: ({ counts }) => String(counts.held) },
    { head: "failed", right: true, cell: ({ counts }) => String(counts.failed) },
    { head: "asked", right: true, cell: ({ counts }) => String(counts.ask) },
    { head: "next look", cell: ({ nextCheckAt }) => when(nextCheckAt) },
    { head: "last error", max: 60, cell: ({ error }) => error ?? "" },
  ]);
}

function when(at: number | null): string {
  if (at === null) return "–";
  return at <= Date.now() ? "now" : new Date(at).toISOString().slice(0, 16).replace("T", " ");
}
