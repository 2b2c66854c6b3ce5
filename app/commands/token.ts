import type { Command } from "commander";
import { SCOPES } from "../../db/schema.ts";
import { listTokens, removeToken } from "../../db/tokens.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { listOf, readKnob, whole } from "../knob.ts";
import { parseId } from "../params.ts";
import { table } from "../table.ts";
import { MAX_DAYS, makeKey, tokenLine } from "../tokens.ts";

interface AddOptions {
  scope: string;
  days?: string;
}

export function register(program: Command): void {
  const token = program.command("token").description("keys for programs that use the API");
  runs(token.command("list", { isDefault: true }).description("all keys"), list);
  runs<AddOptions>(
    token
      .command("add")
      .description("make a key; it is shown once")
      .argument("<name>", "what it is for")
      .option("--scope <scopes>", `some of ${SCOPES.join(", ")}, separated by commas`, "read,chat")
      .option("--days <number>", "how long it is valid; for ever by default"),
    add,
  );
  runs(
    token.command("remove").description("end a key").argument("<id>", "its number in the list"),
    remove,
  );
}

async function add(
  context: CommandContext,
  [name = ""]: string[],
  { scope, days }: AddOptions,
): Promise<CommandResult> {
  const { key, token } = makeKey(context.instance().db, {
    name,
    scopes: readKnob("--scope", scope, listOf(SCOPES)),
    ...(days !== undefined && { days: readKnob("--days", days, whole(1, MAX_DAYS)) }),
  });
  context.note("This is the key; it is not shown again:");
  return { data: { key, ...tokenLine(token) }, text: key };
}

async function list(context: CommandContext): Promise<CommandResult> {
  const tokens = listTokens(context.instance().db).map(tokenLine);
  const day = (at: number | null) => (at === null ? "–" : new Date(at).toISOString().slice(0, 10));
  const text = table(tokens, [
    { head: "id", cell: ({ id }) => String(id), right: true },
    { head: "name", cell: ({ name }) => name, max: 40 },
    { head: "key", cell: ({ hint }) => hint },
    { head: "scopes", cell: ({ scopes }) => scopes.join(", ") },
    { head: "used", cell: ({ usedAt }) => day(usedAt) },
    { head: "ends", cell: ({ expiresAt }) => day(expiresAt) },
  ]);
  return {
    data: { tokens },
    text: tokens.length > 0 ? text : "There is no key: `selkie token add <name>` makes one.",
  };
}

async function remove(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const number = parseId(id);
  if (number === undefined || !removeToken(context.instance().db, number)) {
    throw new CommandError("no-token", `There is no key “${id}”: \`selkie token\` lists them.`);
  }
  return { data: { removed: number }, text: `Key ${number} is not accepted any more.` };
}
