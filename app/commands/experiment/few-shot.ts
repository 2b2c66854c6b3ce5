import type { Command } from "commander";
import {
  type FewShotOptions,
  fewShotOptions,
  readFewShot,
} from "../../experiment/few-shot/options.ts";
import { readMinutes } from "../../experiment/options.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../../frame.ts";
import { readKnob, whole } from "../../knob.ts";

const DEFAULT_WORLD = 1;

export function register(experiment: Command): void {
  runs<FewShotOptions>(
    fewShotOptions(
      experiment
        .command("few-shot")
        .description(
          "learn tasks from a handful of examples: in context, with own recipes, a fixed one, SEAL's",
        )
        .argument("[folder]", "tasks in ARC's JSON format (default: the grid world's)"),
    ),
    fewShot,
  );
}

async function fewShot(
  context: CommandContext,
  [folder]: string[],
  options: FewShotOptions,
): Promise<CommandResult> {
  if (folder !== undefined && options.worldSeed !== undefined) {
    throw new CommandError("two-sources", "Give a folder of tasks or --world-seed, not both.");
  }
  const limitMs = readMinutes(options);
  const config = readFewShot(options);
  const world = readKnob("--world-seed", options.worldSeed ?? DEFAULT_WORLD, whole(0, 1_000_000));
  const { GRID_MODEL, gridData, readTasks, runFewShotCommand } = await import(
    "../../experiment/index.ts"
  );
  const model = options.model ?? (folder === undefined ? GRID_MODEL : undefined);
  return runFewShotCommand(context, {
    config,
    data: folder === undefined ? gridData(world, config) : readTasks(folder),
    ...(model !== undefined && { model }),
    ...(limitMs !== undefined && { limitMs }),
    ...(options.out !== undefined && { out: options.out }),
    ...(options.rows !== undefined && { rows: options.rows }),
  });
}
