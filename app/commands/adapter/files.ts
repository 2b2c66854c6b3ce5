import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { findWeights, parseWhich } from "../../../agent/adapter.ts";
import { loadConfig } from "../../config.ts";
import { type CommandContext, CommandError } from "../../frame.ts";

/** What people may name as an adapter. */
export const ADAPTER_HELP = "latest, a version's number, or the path of an adapter's GGUF";
export const BASE_HELP = "the model that the adapter was trained on (default: SELKIE_MODEL)";

/**
 * The path of an adapter's GGUF.
 * @throws CommandError where there is no such version
 */
export function adapterPath(context: CommandContext, text: string): string {
  const which = parseWhich(text);
  if (which === undefined) return resolve(text);
  const instance = context.instance();
  const weights = findWeights(instance.db, instance.home, which);
  if (weights?.adapter) return weights.adapter;
  const reasons: Partial<Record<typeof which, string>> = {
    base: "The untouched base has no adapter: name a version, or the file of an adapter.",
    latest: "There is no adapter yet, since nothing has been learned here: name the file of one.",
  };
  throw new CommandError(
    "no-version",
    reasons[which] ??
      `There is no version ${which}: \`selkie report\` lists what was learned, and as which version.`,
  );
}

/** The path of the base model's GGUF. */
export function basePath(given: string | undefined): string {
  return given === undefined ? loadConfig().model.path : resolve(given);
}

/** A path to write to. @throws CommandError where there is something already */
export function outPath(given: string): string {
  const path = resolve(given);
  if (!existsSync(path)) return path;
  throw new CommandError("exists", `${path} exists already: choose another name, or delete it.`);
}
