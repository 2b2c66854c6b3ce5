import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Command } from "commander";
import { endSessions } from "../../db/sessions.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { hasPassword, MIN_PASSWORD, removePassword, setPassword } from "../sign-in/password.ts";

export function register(program: Command): void {
  const password = program
    .command("password")
    .description("what people sign in with, in the browser");
  runs(
    password
      .command("set", { isDefault: true })
      .description("set it, or another one: asked for, or the first line of what is piped in"),
    set,
  );
  runs(
    password
      .command("remove")
      .description("ask for none: then Selkie listens to this machine alone"),
    remove,
  );
  runs(password.command("sign-out").description("sign everybody out"), signOut);
}

async function set(context: CommandContext): Promise<CommandResult> {
  const { db, config } = context.instance();
  if (config.password !== undefined) {
    throw new CommandError(
      "named",
      "SELKIE_PASSWORD or SELKIE_PASSWORD_FILE says what the password is: change it there.",
    );
  }
  const before = hasPassword(db);
  await setPassword(db, await ask(context.signal));
  const others = before ? " Whoever was signed in has to do so again." : "";
  return {
    data: { set: true },
    text: `The pages ask for the password from now on, and programs need keys (\`selkie token add\`).${others}`,
  };
}

async function remove(context: CommandContext): Promise<CommandResult> {
  const { db } = context.instance();
  if (!hasPassword(db)) throw new CommandError("no-password", "There is no password to remove.");
  removePassword(db);
  return {
    data: { set: false },
    text: "There is no password any more: whoever uses this machine can open the pages, and nobody else.",
  };
}

async function signOut(context: CommandContext): Promise<CommandResult> {
  const ended = endSessions(context.instance().db);
  return {
    data: { ended },
    text: ended === 0 ? "Nobody was signed in." : `Signed out: ${ended}.`,
  };
}

/** Asks twice without showing it; what is piped in is taken as it is. */
async function ask(signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) return (await Bun.stdin.text()).split(/\r?\n/)[0]!;
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  const one = async (question: string) => {
    process.stderr.write(question);
    const answer = await lines.question("", { signal });
    process.stderr.write("\n");
    return answer;
  };
  try {
    const password = await one(`Password (at least ${MIN_PASSWORD} characters): `);
    if (password === (await one("Once more: "))) return password;
  } finally {
    lines.close();
  }
  throw new CommandError("differs", "The two are not the same: nothing was changed.");
}
