import { isDead } from "../../../agent/jobs/owner.ts";
import { checkSource } from "../../../agent/sources/check.ts";
import { SOURCES_LEASE } from "../../../agent/sources/poller.ts";
import { leaseHolder } from "../../../db/leases.ts";
import { changeSource, getSource, listSources } from "../../../db/sources.ts";
import type { CommandContext, CommandResult } from "../../frame.ts";
import { sourceOf } from "./wishes.ts";

/** Looks at sources here, or has the process that looks at them do it now. */
export async function check(context: CommandContext, ids: string[]): Promise<CommandResult> {
  const { db, config } = context.instance();
  const chosen = (ids.length > 0 ? ids.map((id) => sourceOf(db, id)) : listSources(db)).filter(
    ({ kind, state }) =>
      kind !== "hand" && (ids.length > 0 || (state === "active" && kind !== "demo")),
  );
  const holder = leaseHolder(db, SOURCES_LEASE);
  if (holder && holder.expiresAt > Date.now() && !isDead(holder.owner)) {
    for (const { id } of chosen) changeSource(db, id, { nextCheckAt: 0, state: "active" });
    return {
      data: { asked: chosen.map(({ id }) => id) },
      text: `${chosen.length} to look at: the Selkie that runs does it now.`,
    };
  }
  const results: { id: number; fresh: number; changed: number; error: string | null }[] = [];
  for (const source of chosen) {
    if (context.signal.aborted) break;
    const seen = await checkSource({ db, limits: config.limits, signal: context.signal }, source);
    results.push({ id: source.id, ...seen, error: getSource(db, source.id)!.error });
  }
  const failures = results.flatMap(({ error }) => error ?? []);
  const text = results
    .filter(({ error }) => !error)
    .map(({ id, fresh, changed }) => `Source ${id}: ${fresh} new, ${changed} changed.`);
  return { data: { checked: results }, text: text.join("\n"), failures };
}
