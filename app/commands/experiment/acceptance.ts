import { basename } from "node:path";
import type { Command } from "commander";
import { type KnowledgeOptions, readConfig, readMinutes } from "../../experiment/options.ts";
import { type CommandContext, type CommandResult, runs } from "../../frame.ts";

interface Options {
  model: string;
  data: string;
  passages: string;
  seeds: string;
  rounds: string;
  roundPassages: string;
  edits: string;
  kind: string;
  teacher?: string;
  teacherModel?: string;
  minutes?: string;
  out?: string;
}

/** SEAL's five arms. */
const ARMS = "none,passage,own,teacher,seal";

export function register(experiment: Command): void {
  runs<Options>(
    experiment
      .command("acceptance")
      .description(
        "SEAL's five arms at the paper's protocol, on a real model, with a report to send in",
      )
      .requiredOption("--model <file>", "a GGUF")
      .requiredOption("--data <squad.json>", "SQuAD's format, or [{ title, context, questions }]")
      .option("--passages <n>", "reported", "50")
      .option("--seeds <n>", "how many times, each with an outer loop of its own", "1")
      .option("--rounds <k>", "rounds of the outer loop", "2")
      .option("--round-passages <n>", "passages of a round", "50")
      .option("--edits <m>", "edits of a passage among which the reward chooses", "5")
      .option("--kind <which>", "prompt kind of the edits", "implications")
      .option(
        "--teacher <who>",
        "recorded edits (.json), an address, or a GGUF (default: SELKIE_TEACHER)",
      )
      .option("--teacher-model <name>", "the model's name at the teacher's address")
      .option("--minutes <n>", "end after so long with what there is; the same command goes on")
      .option("--out <report.json>", "the report (default: acceptance-<model>.json here)"),
    acceptance,
  );
}

async function acceptance(
  context: CommandContext,
  _args: string[],
  options: Options,
): Promise<CommandResult> {
  const { readData, runCommand } = await import("../../experiment/index.ts");
  const data = await readData(options.data);
  const limitMs = readMinutes(options);
  const { kind, ...rest } = options;
  const knowledge: KnowledgeOptions = {
    ...rest,
    arms: ARMS,
    kinds: kind,
    regime: "single",
    n: "1",
    sets: "1",
    budgets: "epochs",
    tune: "0",
    samples: "1",
    lists: "1",
    answers: true,
    recipe: "paper",
  };
  const name = basename(options.model).replace(/\.gguf$/i, "");
  return runCommand(context, {
    kind: "acceptance",
    model: options.model,
    teacher: {
      ...(options.teacher !== undefined && { teacher: options.teacher }),
      ...(options.teacherModel !== undefined && { model: options.teacherModel }),
    },
    ...(limitMs !== undefined && { limitMs }),
    out: options.out ?? `acceptance-${name}.json`,
    config: (facts) => readConfig(knowledge, facts),
    data: async () => data,
  });
}
