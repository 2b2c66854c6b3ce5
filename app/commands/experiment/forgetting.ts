import type { Command } from "commander";
import {
  type ForgettingOptions,
  forgettingOptions,
  readForgetting,
} from "../../experiment/forgetting/options.ts";
import { readMinutes } from "../../experiment/options.ts";
import { type CommandContext, type CommandResult, runs } from "../../frame.ts";

export function register(experiment: Command): void {
  runs<ForgettingOptions>(
    forgettingOptions(
      experiment
        .command("forgetting")
        .description(
          "learn passages one after another, in SEAL's way and with each defence, and ask what is left",
        ),
    ),
    forgetting,
  );
}

async function forgetting(
  context: CommandContext,
  _args: string[],
  options: ForgettingOptions,
): Promise<CommandResult> {
  const limitMs = readMinutes(options);
  // Mistakes are told before a model is loaded.
  readForgetting(options, { embedded: options.model === undefined, layers: 1 });
  const { runForgettingCommand } = await import("../../experiment/index.ts");
  return runForgettingCommand(context, {
    ...(options.model !== undefined && { model: options.model }),
    ...(limitMs !== undefined && { limitMs }),
    ...(options.out !== undefined && { out: options.out }),
    ...(options.rows !== undefined && { rows: options.rows }),
    config: (facts) => readForgetting(options, facts),
  });
}
