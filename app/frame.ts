import type { Command } from "commander";
import { ExperimentDataError } from "../agent/experiment/data.ts";
import { GeneratorError } from "../agent/generator/types.ts";
import { ModelError } from "../agent/jobs/trouble.ts";
import { LoopError } from "../agent/loop.ts";
import { PullError } from "../agent/models/errors.ts";
import { ReadError } from "../agent/read/errors.ts";
import { TaskError } from "../agent/skills/task.ts";
import { RecordedError, TeacherError } from "../agent/teacher/types.ts";
import { DatabaseError, explainDatabaseError } from "../db/errors.ts";
import { TrainerError } from "../trainer/types.ts";
import { loadConfig } from "./config.ts";
import { type Instance, openInstance } from "./instance.ts";
import { ConfigError } from "./knob.ts";
import { ModelChoiceError } from "./models.ts";

/** A command could not do what it was asked to, in a sentence that says what to do. */
export class CommandError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "CommandError";
  }
}

/** What every command is given. */
export interface CommandContext {
  /** Whether JSON was asked for. */
  json: boolean;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /** The instance that the environment names; opened at the first call, closed at the end. */
  instance(): Instance;
  /** Writes a line to stderr, if JSON was not asked for or stderr is a terminal. */
  note(line: string): void;
}

/** What a command has to say: `data` with `--json`, `text` without. */
export interface CommandResult {
  data: unknown;
  text: string;
  /** Sentences about what went wrong, for stderr; if there are any, the exit code is 1. */
  failures?: string[];
}

/** A command that was told to end does so within this time, in milliseconds; process managers give ten. */
const END_MS = 9000;

/** Exit codes of processes ended by a signal, as shells have them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Errors whose message was written for people, and says what to do. */
const EXPLAINED = [
  CommandError,
  ConfigError,
  DatabaseError,
  ExperimentDataError,
  GeneratorError,
  LoopError,
  ModelChoiceError,
  ModelError,
  PullError,
  ReadError,
  RecordedError,
  TaskError,
  TeacherError,
  TrainerError,
];

/**
 * Makes a command of a function, with `--json`, error messages, exit codes and signals.
 *
 * @example
 * runs(program.command("status").description("say what is going on"), async (context) => {
 *   return { data: { … }, text: "…" };
 * });
 */
export function runs<Options extends object>(
  command: Command,
  work: (context: CommandContext, args: string[], options: Options) => Promise<CommandResult>,
): Command {
  return command
    .option("--json", "print JSON, for programs")
    .action(async (...given: unknown[]) => {
      const self = given.at(-1) as Command;
      const options = self.opts<Options & { json?: boolean }>();
      process.exit(await execute(work, self.processedArgs.flat(), options));
    });
}

async function execute<Options extends object>(
  work: (context: CommandContext, args: string[], options: Options) => Promise<CommandResult>,
  args: string[],
  options: Options & { json?: boolean },
): Promise<number> {
  const json = options.json === true;
  const stop = new AbortController();
  let stoppedBy: keyof typeof SIGNALS | undefined;
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(signal, () => {
      // The second time somebody is in a hurry: what is recorded is safe at any moment.
      if (stoppedBy) process.exit(SIGNALS[signal]);
      stoppedBy = signal;
      stop.abort();
      setTimeout(() => process.exit(SIGNALS[signal]), END_MS).unref();
    });
  }
  let instance: Instance | undefined;
  const context: CommandContext = {
    json,
    signal: stop.signal,
    instance: () => {
      instance ??= openInstance(loadConfig());
      return instance;
    },
    note: (line) => {
      if (!json || process.stderr.isTTY) process.stderr.write(`${line}\n`);
    },
  };
  let code = 0;
  try {
    const { data, text, failures = [] } = await work(context, args, options);
    await print(json ? JSON.stringify(data, null, 2) : text);
    for (const failure of failures) complain(failure);
    code = failures.length > 0 ? 1 : 0;
  } catch (error) {
    if (!stop.signal.aborted) {
      await report(explainDatabaseError(error, instance?.home.database ?? "selkie.db"), json);
    }
    code = 1;
  }
  await instance?.close().catch(() => {});
  return stoppedBy ? SIGNALS[stoppedBy] : code;
}

/** Says what happened: as a sentence on stderr, and with `--json` as `{ error }` on stdout, too. */
async function report(error: unknown, json: boolean): Promise<void> {
  const explained = EXPLAINED.some((kind) => error instanceof kind);
  const message = error instanceof Error ? error.message : String(error);
  const code = explained && error instanceof Error && "code" in error ? error.code : "internal";
  complain(explained ? message : `Something went wrong that should not have: ${message}`);
  if (process.env.SELKIE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else if (!explained) process.stderr.write("SELKIE_DEBUG=1 prints where.\n");
  if (json) await print(JSON.stringify({ error: { code, message } }, null, 2));
}

function complain(sentence: string): void {
  process.stderr.write(`selkie: ${sentence}\n`);
}

/** Waits until all of it is written, since the process ends right after. */
async function print(text: string): Promise<void> {
  if (text !== "") await Bun.write(Bun.stdout, `${text}\n`);
}
