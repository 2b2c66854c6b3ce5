import type { Command } from "commander";
import { SCOPES } from "../../db/schema.ts";
import { listTokens, removeToken, type Token } from "../../db/tokens.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { listOf, readKnob, whole } from "../knob.ts";
import { table } from "../table.ts";
import { issueToken } from "../tokens.ts";

interface AddOptions {
  scope: string;
  days?: string;
}

const DAY_MS = 24 * 3_600_000;
const MAX_NAME = 100;

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
  const title = name.replace(/\s+/g, " ").trim();
  if (title === "" || title.length > MAX_NAME) {
    throw new CommandError("bad-name", `Name the key's use in 1 to ${MAX_NAME} characters.`);
  }
  const scopes = [...new Set(readKnob("--scope", scope, listOf(SCOPES)))];
  const valid = days === undefined ? undefined : readKnob("--days", days, whole(1, 36_500));
  const { key, token } = issueToken(context.instance().db, {
    name: title,
    scopes,
    ...(valid !== undefined && { expiresAt: Date.now() + valid * DAY_MS }),
  });
  context.note("This is the key; it is not shown again:");
  return { data: { key, ...lineOf(token) }, text: key };
}

async function list(context: CommandContext): Promise<CommandResult> {
  const tokens = listTokens(context.instance().db).map(lineOf);
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
  const number = /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 0;
  if (!removeToken(context.instance().db, number)) {
    throw new CommandError("no-token", `There is no key “${id}”: \`selkie token\` lists them.`);
  }
  return { data: { removed: number }, text: `Key ${number} is not accepted any more.` };
}

/** A key as it is told of: without its hash. */
function lineOf({ id, name, hint, scopes, expiresAt, usedAt, createdAt }: Token) {
  return { id, name, hint, scopes, expiresAt, usedAt, createdAt };
}
