import type { Command } from "commander";
import {
  type Conversation,
  type ConversationLine,
  changeConversation,
  countConversations,
  deleteConversation,
  getConversation,
  listConversations,
  searchConversations,
} from "../../db/conversations.ts";
import { MAX_TITLE, whose } from "../../views/ask-words.ts";
import { moment } from "../../views/format.ts";
import { conversationMarkdown } from "../chat/export.ts";
import { conversationFacts } from "../chat/facts.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { parseId } from "../params.ts";
import { table } from "../table.ts";

/** Conversations that are listed. */
const SHOWN = 50;

export function register(program: Command): void {
  const conversation = program
    .command("conversation")
    .description("what was asked on the pages and through the API, and how it was answered");
  runs(conversation.command("list", { isDefault: true }).description(`the latest ${SHOWN}`), list);
  runs(
    conversation
      .command("search")
      .description("those in which some words were said")
      .argument("<words...>", "all of them"),
    search,
  );
  runs(
    conversation
      .command("show")
      .description("one, as Markdown; with --json, with everything that is known of it")
      .argument("<id>", "its number"),
    show,
  );
  runs<{ format: string; out?: string }>(
    conversation
      .command("export")
      .description("write one into a file, or to the terminal")
      .argument("<id>", "its number")
      .option("--format <format>", "markdown or json", "markdown")
      .option("--out <file>", "where to"),
    save,
  );
  runs(
    conversation
      .command("rename")
      .description("give one another title")
      .argument("<id>", "its number")
      .argument("<title...>", "with or without quotes"),
    rename,
  );
  runs(
    conversation
      .command("delete")
      .description("delete one; what was learned of it stays")
      .argument("<id>", "its number"),
    remove,
  );
}

async function list(context: CommandContext): Promise<CommandResult> {
  const { db } = context.instance();
  return lines(listConversations(db, { limit: SHOWN }), countConversations(db));
}

async function search(context: CommandContext, words: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  return lines(searchConversations(db, words.join(" "), SHOWN), countConversations(db));
}

function lines(conversations: ConversationLine[], total: number): CommandResult {
  const data = { total, conversations };
  if (conversations.length === 0) {
    const none = total === 0 ? "Nothing was asked yet." : "No conversation has all these words.";
    return { data, text: none };
  }
  const text = table(conversations, [
    { head: "id", right: true, cell: ({ id }) => String(id) },
    { head: "last", cell: ({ lastAt }) => moment(lastAt) },
    { head: "questions", right: true, cell: ({ questions }) => String(questions) },
    { head: "answered by", cell: ({ versionId }) => whose(versionId) },
    { head: "title", max: 60, cell: ({ title }) => title },
    ...(conversations[0]!.found === undefined
      ? []
      : [{ head: "found", max: 60, cell: ({ found = "" }: ConversationLine) => found }]),
  ]);
  return { data, text };
}

async function show(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const facts = conversationFacts(context.instance(), find(context, id));
  return { data: facts, text: conversationMarkdown(facts).trimEnd() };
}

async function save(
  context: CommandContext,
  [id = ""]: string[],
  { format, out }: { format: string; out?: string },
): Promise<CommandResult> {
  if (format !== "markdown" && format !== "json") {
    throw new CommandError(
      "bad-format",
      `--format is “${format}”, but it must be markdown or json.`,
    );
  }
  const facts = conversationFacts(context.instance(), find(context, id));
  const json = `${JSON.stringify(facts, null, 2)}\n`;
  const text = format === "json" ? json : conversationMarkdown(facts);
  if (out === undefined) return { data: facts, text: text.trimEnd() };
  try {
    await Bun.write(out, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("unwritable", `${out} cannot be written: ${reason}.`);
  }
  return { data: { id: facts.id, format, out }, text: `Wrote ${out}.` };
}

async function rename(
  context: CommandContext,
  [id = "", ...words]: string[],
): Promise<CommandResult> {
  const title = words.join(" ").trim();
  if (title === "" || title.length > MAX_TITLE) {
    throw new CommandError("bad-title", `A title has between 1 and ${MAX_TITLE} characters.`);
  }
  const conversation = find(context, id);
  changeConversation(context.instance().db, conversation.id, { title });
  return { data: { id: conversation.id, title }, text: `It is called “${title}” now.` };
}

async function remove(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const conversation = find(context, id);
  deleteConversation(context.instance().db, conversation.id);
  return { data: { deleted: conversation.id }, text: `Deleted “${conversation.title}”.` };
}

/** @throws CommandError where there is none */
function find(context: CommandContext, id: string): Conversation {
  const number = parseId(id);
  const conversation = number && getConversation(context.instance().db, number);
  if (conversation) return conversation;
  throw new CommandError(
    "no-conversation",
    `There is no conversation “${id}”: \`selkie conversation list\` has them.`,
  );
}
