import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** Completion of commands and options in shells. Comes last: it looks at what the others have registered. */
export function register(program: Command): void {
  tab(program);
}
