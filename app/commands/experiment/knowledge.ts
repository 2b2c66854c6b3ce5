import type { Command } from "commander";
import { wantedPassages } from "../../../agent/experiment/config.ts";
import {
  type KnowledgeOptions,
  knowledgeOptions,
  readConfig,
  readMinutes,
} from "../../experiment/options.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../../frame.ts";
import { readKnob, whole } from "../../knob.ts";

const DEFAULT_WORLD = 1;

export function register(experiment: Command): void {
  runs<KnowledgeOptions>(
    knowledgeOptions(
      experiment
        .command("knowledge")
        .description(
          "compare ways of learning passages: no update, passage, own edits, teacher, SEAL",
        )
        .argument(
          "[questions.json]",
          "[{ title, context, questions: [{ question, answer }] }] or SQuAD's format (default: the invented world)",
        ),
    ),
    knowledge,
  );
}

async function knowledge(
  context: CommandContext,
  [path]: string[],
  options: KnowledgeOptions,
): Promise<CommandResult> {
  if (path !== undefined && options.worldSeed !== undefined) {
    throw new CommandError("two-sources", "Give a file of questions or --world-seed, not both.");
  }
  // Loaded when needed: models, charts and what reads lines take a while.
  const { RULES, readData, runCommand, worldData } = await import("../../experiment/index.ts");
  const world = readKnob("--world-seed", options.worldSeed ?? DEFAULT_WORLD, whole(0, 1_000_000));
  const limitMs = readMinutes(options);
  // Mistakes are told before a model is loaded.
  readConfig(options, { embedded: options.model === undefined, layers: 1 });
  const file = path === undefined ? undefined : await readData(path);
  return runCommand(context, {
    kind: "knowledge",
    ...(options.model !== undefined && { model: options.model }),
    ...(options.arms.includes("teacher") && {
      teacher: teacherOf(options, file === undefined ? RULES : undefined),
    }),
    ...(limitMs !== undefined && { limitMs }),
    ...(options.out !== undefined && { out: options.out }),
    ...(options.rows !== undefined && { rows: options.rows }),
    config: (facts) => readConfig(options, facts),
    data: async (config, embedded) => {
      const { report, tune, write } = wantedPassages(config);
      return file ?? worldData(world, report + tune + write, embedded);
    },
  });
}

function teacherOf({ teacher, teacherModel }: KnowledgeOptions, usual: string | undefined) {
  const named = teacher ?? (process.env.SELKIE_TEACHER ? undefined : usual);
  return {
    ...(named !== undefined && { teacher: named }),
    ...(teacherModel !== undefined && { model: teacherModel }),
  };
}
