import type { Command } from "commander";
import { isDead } from "../../agent/jobs/owner.ts";
import { moveToModel } from "../../agent/lineage/move.ts";
import { LOOP_LEASE } from "../../agent/loop.ts";
import { leaseHolder } from "../../db/leases.ts";
import { followRefit } from "../follow-refit.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";

export function register(program: Command): void {
  runs<{ wait?: boolean }>(
    program
      .command("relearn")
      .description("learn everything again on the base model that SELKIE_MODEL names now")
      .option("--wait", "return when it is done"),
    relearn,
  );
}

async function relearn(
  context: CommandContext,
  _args: string[],
  { wait }: { wait?: boolean },
): Promise<CommandResult> {
  const { db, config } = context.instance();
  const holder = leaseHolder(db, LOOP_LEASE);
  if (holder && holder.expiresAt > Date.now() && !isDead(holder.owner)) {
    throw new CommandError(
      "busy",
      `A Selkie learns here (process ${holder.owner.split("/")[1]}), on the model that it was started with: stop it, start it with SELKIE_MODEL=${config.model.path}, and use the button on its Versions page.`,
    );
  }
  const { from, passages, request } = await moveToModel(db, config.model);
  if (!request) {
    return {
      data: { passages: 0 },
      text: `Everything is learned on ${config.model.name} already.`,
    };
  }
  context.note(`${passages} passages of ${from} are learned again on ${config.model.name}.`);
  return followRefit(context, request, wait);
}
