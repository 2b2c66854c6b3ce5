import type { Command } from "commander";
import * as exporting from "./export.ts";
import * as importing from "./import.ts";
import * as merging from "./merge.ts";

export function register(program: Command): void {
  const adapter = program
    .command("adapter")
    .description("take what was learned to other programs, and theirs here");
  for (const command of [exporting, importing, merging]) command.register(adapter);
}
