#!/usr/bin/env bun
import { Command } from "commander";
import { version } from "../package.json";
import * as adapter from "./commands/adapter/index.ts";
import * as archive from "./commands/archive.ts";
import * as ask from "./commands/ask.ts";
import * as backup from "./commands/backup.ts";
import * as complete from "./commands/complete.ts";
import * as conversation from "./commands/conversation.ts";
import * as correct from "./commands/correct.ts";
import * as doctor from "./commands/doctor.ts";
import * as exam from "./commands/exam.ts";
import * as experiment from "./commands/experiment/index.ts";
import * as ingest from "./commands/ingest.ts";
import * as learning from "./commands/learning.ts";
import * as memory from "./commands/memory.ts";
import * as models from "./commands/models.ts";
import * as password from "./commands/password.ts";
import * as relearn from "./commands/relearn.ts";
import * as report from "./commands/report.ts";
import * as selftest from "./commands/selftest.ts";
import * as serve from "./commands/serve.ts";
import * as skill from "./commands/skill.ts";
import * as sleep from "./commands/sleep.ts";
import * as source from "./commands/source/index.ts";
import * as status from "./commands/status.ts";
import * as token from "./commands/token.ts";
import * as unlearn from "./commands/unlearn.ts";
import * as versions from "./commands/versions.ts";
import * as webhook from "./commands/webhook.ts";
import * as writer from "./commands/writer.ts";
import { startLogging } from "./logging.ts";

await startLogging(process.env).catch((error: Error) => {
  process.stderr.write(`selkie: ${error.message}\n`);
  process.exit(1);
});

const program = new Command("selkie")
  .description("A self-hosted assistant that learns what it reads.")
  .version(version)
  // What follows a command is the command's: `ask --version 3` asks version 3.
  .enablePositionalOptions()
  .showHelpAfterError("(selkie --help lists the commands, selkie help <command> explains one)");

const commands = [
  serve,
  ingest,
  source,
  exam,
  ask,
  correct,
  conversation,
  learning,
  status,
  report,
  memory,
  versions,
  sleep,
  unlearn,
  relearn,
  writer,
  skill,
  experiment,
  adapter,
  archive,
  backup,
  models,
  password,
  token,
  webhook,
  doctor,
  selftest,
  complete,
];
for (const command of commands) command.register(program);

await program.parseAsync();
