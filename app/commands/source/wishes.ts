import type { Command } from "commander";
import type { SourceWishes } from "../../../agent/sources/add.ts";
import type { Database } from "../../../db/open.ts";
import { SOURCE_CONTENTS, SOURCE_MODES, SOURCE_TRUST } from "../../../db/schema.ts";
import { getSource, type Source } from "../../../db/sources.ts";
import { CommandError } from "../../frame.ts";
import { oneOf, readKnob, whole } from "../../knob.ts";
import { parseId } from "../../params.ts";

/** What may be said of a source, as it stands on the command line. */
export interface WishOptions {
  title?: string;
  mode?: string;
  content?: string;
  quota?: string;
  every?: string;
  trust?: string;
}

const MINUTE = 60_000;

/** Gives a command the options that say what is wished of a source. */
export function wishes(command: Command, titled = true): Command {
  if (titled) command.option("--title <title>", "what it is called, instead of its own title");
  return command
    .option("--mode <mode>", "learn (default), ask (ask me first) or read (never learn)")
    .option("--quota <items>", "items a day at most; 0 takes none, “none” is no limit")
    .option(
      "--every <minutes>",
      "how often to look; “auto” (default) is as often as it brings something",
    )
    .option("--trust <how>", "low, normal (default) or high: what it brings goes last, or first")
    .option(
      "--content <what>",
      "auto (default), feed (what the feed has) or page (the whole page)",
    );
}

/** What was wished. @throws ConfigError */
export function wished(options: WishOptions): SourceWishes {
  const { title, mode, content, quota, every, trust } = options;
  return {
    ...(title !== undefined && { title }),
    ...(mode !== undefined && { mode: readKnob("--mode", mode, oneOf(...SOURCE_MODES)) }),
    ...(content !== undefined && {
      content: readKnob("--content", content, oneOf(...SOURCE_CONTENTS)),
    }),
    ...(trust !== undefined && { trust: readKnob("--trust", trust, oneOf(...SOURCE_TRUST)) }),
    ...(quota !== undefined && {
      quota: quota === "none" ? null : readKnob("--quota", quota, whole(0, 1_000_000)),
    }),
    ...(every !== undefined && {
      every: every === "auto" ? null : readKnob("--every", every, whole(1, 100_000)) * MINUTE,
    }),
  };
}

/** The source with a number. @throws CommandError */
export function sourceOf(db: Database, id: string): Source {
  const number = parseId(id);
  const source = number === undefined ? undefined : getSource(db, number);
  if (!source || source.state === "removed") {
    throw new CommandError(
      "no-source",
      `There is no source “${id}”: \`selkie source\` lists them.`,
    );
  }
  return source;
}
