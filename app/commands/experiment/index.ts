import type { Command } from "commander";
import * as acceptance from "./acceptance.ts";
import * as fewShot from "./few-shot.ts";
import * as forgetting from "./forgetting.ts";
import * as knowledge from "./knowledge.ts";
import * as shown from "./show.ts";

export function register(program: Command): void {
  const experiment = program
    .command("experiment")
    .description("measure what learning brings, against what it is compared with");
  for (const command of [knowledge, forgetting, fewShot, acceptance, shown])
    command.register(experiment);
}
