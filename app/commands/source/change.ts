import { ReadError } from "../../../agent/read/errors.ts";
import { addFrom } from "../../../agent/sources/add.ts";
import { changeWishes } from "../../../agent/sources/change.ts";
import { changeSource, type SourceChange } from "../../../db/sources.ts";
import { sourceFacts } from "../../facts-sources.ts";
import { type CommandContext, CommandError, type CommandResult } from "../../frame.ts";
import { listing } from "./list.ts";
import { sourceOf, type WishOptions, wished } from "./wishes.ts";

/** What can be set of the source of what is handed in. */
const HAND_OPTIONS = new Set(["mode", "trust", "json"]);

export async function add(
  context: CommandContext,
  texts: string[],
  options: WishOptions,
): Promise<CommandResult> {
  const { db, config } = context.instance();
  const wish = wished(options);
  const data: { id: number; kind: string; address: string; added: boolean; others: string[] }[] =
    [];
  const failures: string[] = [];
  const lines: string[] = [];
  for (const text of texts) {
    try {
      const { source, added, others } = await addFrom(
        db,
        text,
        config.limits,
        wish,
        context.signal,
      );
      const { id, kind, title, address } = source;
      data.push({ id, kind, address, added, others });
      lines.push(
        added
          ? `Added ${title} (source ${id}, ${address}).`
          : `${title} is here already (source ${id}).`,
      );
      if (others.length > 0) lines.push(`The page also names: ${others.join(", ")}`);
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      failures.push(error.message);
    }
  }
  if (data.length > 0) lines.push("It is looked at while `selkie serve` runs.");
  return { data: { sources: data, failures }, text: lines.join("\n"), failures };
}

export async function set(
  context: CommandContext,
  [id = ""]: string[],
  options: WishOptions & { pause?: boolean; resume?: boolean },
): Promise<CommandResult> {
  const { db } = context.instance();
  const source = sourceOf(db, id);
  const change: SourceChange = wished(options);
  if (source.kind === "hand" && Object.keys(options).some((name) => !HAND_OPTIONS.has(name))) {
    throw new CommandError(
      "no-change",
      "What is handed in has no limits and is not looked at: only its mode and its trust can be set.",
    );
  }
  if (options.pause) change.state = "paused";
  if (options.resume) Object.assign(change, { state: "active", nextCheckAt: 0 });
  if (options.every !== undefined) change.nextCheckAt = 0;
  if (Object.keys(change).length === 0) {
    throw new CommandError(
      "no-change",
      "Nothing was to be changed: see `selkie source set --help`.",
    );
  }
  changeWishes(db, source.id, change);
  const data = sourceFacts(db, source.id)!.source;
  return { data, text: listing([data]) };
}

export async function remove(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const source = sourceOf(db, id);
  if (source.kind === "hand") {
    throw new CommandError("no-remove", "What is handed in is no source that could be removed.");
  }
  changeSource(db, source.id, { state: "removed" });
  return {
    data: { removed: source.id },
    text: `${source.title} is not looked at any more; what it brought stays.`,
  };
}
