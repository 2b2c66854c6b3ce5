import { answerAll, answerDocument } from "../../../agent/read/consent.ts";
import { askedDocuments, hasDocument } from "../../facts-sources.ts";
import { type CommandContext, CommandError, type CommandResult } from "../../frame.ts";
import { parseId } from "../../params.ts";
import { table } from "../../table.ts";
import { sourceOf } from "./wishes.ts";

export async function asked(context: CommandContext): Promise<CommandResult> {
  const data = askedDocuments(context.instance().db);
  const text =
    data.length === 0
      ? "No document waits for your word."
      : table(data, [
          { head: "document", right: true, cell: ({ id }) => String(id) },
          { head: "title", max: 60, cell: ({ title }) => title },
          { head: "passages", right: true, cell: ({ passages }) => String(passages) },
          { head: "from", max: 60, cell: ({ origin }) => origin },
        ]);
  return { data, text };
}

export async function answer(
  context: CommandContext,
  ids: string[],
  options: { all?: boolean; source?: string },
  yes: boolean,
): Promise<CommandResult> {
  const { db } = context.instance();
  const word = yes ? "to be learned" : "not to be learned";
  if (options.all || options.source !== undefined) {
    const of = options.source === undefined ? undefined : sourceOf(db, options.source).id;
    const documents = answerAll(db, yes, of);
    return { data: { documents }, text: `${documents} documents are ${word}.` };
  }
  const failures: string[] = [];
  let passages = 0;
  for (const id of ids) {
    const number = parseId(id);
    if (number !== undefined && hasDocument(db, number)) {
      passages += answerDocument(db, number, yes);
    } else {
      failures.push(`There is no document “${id}”: \`selkie source asked\` lists those that wait.`);
    }
  }
  if (ids.length === 0) {
    throw new CommandError(
      "no-document",
      "Say which: numbers of documents, --source <id> or --all.",
    );
  }
  const documents = ids.length - failures.length;
  const text = `${documents} documents are ${word} (${passages} passages).`;
  return { data: { documents, passages }, text, failures };
}
