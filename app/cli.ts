#!/usr/bin/env bun
import { Command } from "commander";
import { version } from "../package.json";
import * as ingest from "./commands/ingest.ts";
import * as serve from "./commands/serve.ts";
import * as status from "./commands/status.ts";

const program = new Command("selkie")
  .description("A self-hosted assistant that learns what it reads.")
  .version(version)
  .showHelpAfterError("(selkie --help lists the commands, selkie help <command> explains one)");

for (const command of [serve, ingest, status]) command.register(program);

await program.parseAsync();
