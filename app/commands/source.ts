import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { isDead } from "../../agent/jobs/owner.ts";
import { answerAll, answerDocument } from "../../agent/read/consent.ts";
import { ReadError } from "../../agent/read/errors.ts";
import { addFrom, type SourceWishes } from "../../agent/sources/add.ts";
import { checkSource } from "../../agent/sources/check.ts";
import { exportOpml, importOpml } from "../../agent/sources/opml.ts";
import { SOURCES_LEASE } from "../../agent/sources/poller.ts";
import { leaseHolder } from "../../db/leases.ts";
import type { Database } from "../../db/open.ts";
import { SOURCE_CONTENTS, SOURCE_MODES } from "../../db/schema.ts";
import {
  changeSource,
  getSource,
  listSources,
  type Source,
  type SourceChange,
} from "../../db/sources.ts";
import type { SourceLine } from "../../views/types.ts";
import { askedDocuments, hasDocument, sourceFacts, sourceLines } from "../facts-sources.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { oneOf, readKnob, whole } from "../knob.ts";
import { table } from "../table.ts";

interface WishOptions {
  title?: string;
  mode?: string;
  content?: string;
  quota?: string;
  every?: string;
}

const MINUTE = 60_000;

export function register(program: Command): void {
  const source = program
    .command("source")
    .description("where documents come from: feeds, folders, arXiv, what is handed in");
  runs(
    source.command("list", { isDefault: true }).description("all sources, and how they are"),
    list,
  );
  runs(
    wishes(
      source
        .command("add")
        .description("read a feed, a folder or a category of arXiv from now on")
        .argument("<source...>", "address of a feed or of its page, path of a folder, arxiv:cs.CL"),
    ),
    add,
  );
  runs(
    source
      .command("show")
      .description("one source: what it brought, and what it could not")
      .argument("<id>", "its number"),
    show,
  );
  runs(
    wishes(
      source
        .command("set")
        .description("change a source")
        .argument("<id>", "its number")
        .option("--pause", "do not look at it for now")
        .option("--resume", "look at it again"),
    ),
    set,
  );
  runs(
    source
      .command("remove")
      .description("forget a source; what it brought stays")
      .argument("<id>", "its number"),
    remove,
  );
  runs(
    source
      .command("check")
      .description("look at sources now")
      .argument("[id...]", "their numbers; all of them by default"),
    check,
  );
  runs(
    wishes(
      source
        .command("import")
        .description("add the feeds of an OPML file")
        .argument("<subscriptions.opml>"),
      false,
    ),
    importFile,
  );
  runs<{ out?: string }>(
    source
      .command("export")
      .description("write the feeds as OPML")
      .option("--out <file>", "where to; by default it is printed"),
    exportFile,
  );
  runs(source.command("asked").description("the documents that wait for your word"), asked);
  for (const [name, yes] of [
    ["approve", true],
    ["decline", false],
  ] as const) {
    runs<{ all?: boolean; source?: string }>(
      source
        .command(name)
        .description(yes ? "let documents be learned" : "do not learn documents")
        .argument("[document...]", "their numbers")
        .option("--all", "all that wait")
        .option("--source <id>", "all of one source that wait"),
      (context, ids, options) => answer(context, ids, options, yes),
    );
  }
}

function wishes(command: Command, titled = true): Command {
  if (titled) command.option("--title <title>", "what it is called, instead of its own title");
  return command
    .option("--mode <mode>", "learn (default), ask (ask me first) or read (never learn)")
    .option("--quota <items>", "items a day at most; 0 takes none, “none” is no limit")
    .option(
      "--every <minutes>",
      "how often to look; “auto” (default) is as often as it brings something",
    )
    .option(
      "--content <what>",
      "auto (default), feed (what the feed has) or page (the whole page)",
    );
}

function wished(options: WishOptions): SourceWishes {
  const { title, mode, content, quota, every } = options;
  return {
    ...(title !== undefined && { title }),
    ...(mode !== undefined && { mode: readKnob("--mode", mode, oneOf(...SOURCE_MODES)) }),
    ...(content !== undefined && {
      content: readKnob("--content", content, oneOf(...SOURCE_CONTENTS)),
    }),
    ...(quota !== undefined && {
      quota: quota === "none" ? null : readKnob("--quota", quota, whole(0, 1_000_000)),
    }),
    ...(every !== undefined && {
      every: every === "auto" ? null : readKnob("--every", every, whole(1, 100_000)) * MINUTE,
    }),
  };
}

async function list(context: CommandContext): Promise<CommandResult> {
  const data = sourceLines(context.instance().db);
  return { data, text: data.length > 0 ? listing(data) : NO_SOURCES };
}

const NO_SOURCES =
  "There are no sources yet: `selkie source add <address or folder>` adds one, `selkie ingest` reads something once.";

function listing(lines: SourceLine[]): string {
  return table(lines, [
    { head: "id", right: true, cell: ({ id }) => String(id) },
    { head: "kind", cell: ({ kind }) => kind },
    { head: "title", max: 40, cell: ({ title }) => title },
    { head: "mode", cell: ({ mode }) => mode },
    { head: "state", cell: ({ state }) => state },
    { head: "read", right: true, cell: ({ counts }) => String(counts.documents) },
    { head: "held", right: true, cell: ({ counts }) => String(counts.held) },
    { head: "failed", right: true, cell: ({ counts }) => String(counts.failed) },
    { head: "asked", right: true, cell: ({ counts }) => String(counts.ask) },
    { head: "next look", cell: ({ nextCheckAt }) => when(nextCheckAt) },
    { head: "last error", max: 60, cell: ({ error }) => error ?? "" },
  ]);
}

function when(at: number | null): string {
  if (at === null) return "–";
  return at <= Date.now() ? "now" : new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

async function add(
  context: CommandContext,
  texts: string[],
  options: WishOptions,
): Promise<CommandResult> {
  const { db, config } = context.instance();
  const wish = wished(options);
  const data: { id: number; kind: string; address: string; added: boolean; others: string[] }[] =
    [];
  const failures: string[] = [];
  const lines: string[] = [];
  for (const text of texts) {
    try {
      const { source, added, others } = await addFrom(
        db,
        text,
        config.limits,
        wish,
        context.signal,
      );
      const { id, kind, title, address } = source;
      data.push({ id, kind, address, added, others });
      lines.push(
        added
          ? `Added ${title} (source ${id}, ${address}).`
          : `${title} is here already (source ${id}).`,
      );
      if (others.length > 0) lines.push(`The page also names: ${others.join(", ")}`);
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      failures.push(error.message);
    }
  }
  if (data.length > 0) lines.push("It is looked at while `selkie serve` runs.");
  return { data: { sources: data, failures }, text: lines.join("\n"), failures };
}

async function show(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const facts = sourceFacts(db, sourceOf(db, id).id)!;
  const { source, items, documents } = facts;
  const text = [
    listing([source]),
    source.error ?? "",
    documents.length > 0 &&
      table(documents, [
        { head: "document", right: true, cell: (it) => String(it.id) },
        { head: "title", max: 50, cell: (it) => it.title },
        { head: "learn", cell: (it) => it.consent },
        { head: "passages", right: true, cell: (it) => String(it.passages) },
        { head: "from", max: 60, cell: (it) => it.origin },
      ]),
    ...items
      .filter(({ error }) => error)
      .map(({ title, state, error }) => `${state}: ${title}: ${error}`),
  ].filter(Boolean);
  return { data: facts, text: text.join("\n\n") };
}

async function set(
  context: CommandContext,
  [id = ""]: string[],
  options: WishOptions & { pause?: boolean; resume?: boolean },
): Promise<CommandResult> {
  const { db } = context.instance();
  const source = sourceOf(db, id);
  const change: SourceChange = wished(options);
  if (options.pause) change.state = "paused";
  if (options.resume) Object.assign(change, { state: "active", nextCheckAt: 0 });
  if (options.every !== undefined) change.nextCheckAt = 0;
  if (Object.keys(change).length === 0) {
    throw new CommandError(
      "no-change",
      "Nothing was to be changed: see `selkie source set --help`.",
    );
  }
  changeSource(db, source.id, change);
  const data = sourceFacts(db, source.id)!.source;
  return { data, text: listing([data]) };
}

async function remove(context: CommandContext, [id = ""]: string[]): Promise<CommandResult> {
  const { db } = context.instance();
  const source = sourceOf(db, id);
  if (source.kind === "hand") {
    throw new CommandError("no-remove", "What is handed in is no source that could be removed.");
  }
  changeSource(db, source.id, { state: "removed" });
  return {
    data: { removed: source.id },
    text: `${source.title} is not looked at any more; what it brought stays.`,
  };
}

async function check(context: CommandContext, ids: string[]): Promise<CommandResult> {
  const { db, config } = context.instance();
  const chosen = (ids.length > 0 ? ids.map((id) => sourceOf(db, id)) : listSources(db)).filter(
    ({ kind, state }) => kind !== "hand" && (ids.length > 0 || state === "active"),
  );
  const holder = leaseHolder(db, SOURCES_LEASE);
  if (holder && holder.expiresAt > Date.now() && !isDead(holder.owner)) {
    for (const { id } of chosen) changeSource(db, id, { nextCheckAt: 0, state: "active" });
    return {
      data: { asked: chosen.map(({ id }) => id) },
      text: `${chosen.length} to look at: the Selkie that runs does it now.`,
    };
  }
  const results: { id: number; fresh: number; changed: number; error: string | null }[] = [];
  for (const source of chosen) {
    if (context.signal.aborted) break;
    const seen = await checkSource({ db, limits: config.limits, signal: context.signal }, source);
    results.push({ id: source.id, ...seen, error: getSource(db, source.id)!.error });
  }
  const failures = results.flatMap(({ error }) => error ?? []);
  const text = results
    .filter(({ error }) => !error)
    .map(({ id, fresh, changed }) => `Source ${id}: ${fresh} new, ${changed} changed.`);
  return { data: { checked: results }, text: text.join("\n"), failures };
}

async function importFile(
  context: CommandContext,
  [path = ""]: string[],
  options: WishOptions,
): Promise<CommandResult> {
  const { db, config } = context.instance();
  if (!existsSync(path)) {
    throw new CommandError("missing", `${path} does not exist: give the OPML file to import.`);
  }
  const raw = { source: path, bytes: new Uint8Array(await readFile(path)) };
  const data = await importOpml(db, raw, config.limits, wished(options));
  const { added, known, failures } = data;
  return { data, text: `${added} added, ${known} here already.`, failures };
}

async function exportFile(
  context: CommandContext,
  _args: string[],
  { out }: { out?: string },
): Promise<CommandResult> {
  const opml = exportOpml(context.instance().db);
  if (out === undefined) return { data: { opml }, text: opml };
  await writeFile(out, opml);
  return { data: { file: out }, text: `Written to ${out}.` };
}

async function asked(context: CommandContext): Promise<CommandResult> {
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

async function answer(
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
    if (/^[1-9]\d{0,14}$/.test(id) && hasDocument(db, Number(id))) {
      passages += answerDocument(db, Number(id), yes);
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

function sourceOf(db: Database, id: string): Source {
  const source = /^[1-9]\d{0,14}$/.test(id) ? getSource(db, Number(id)) : undefined;
  if (!source || source.state === "removed") {
    throw new CommandError(
      "no-source",
      `There is no source “${id}”: \`selkie source\` lists them.`,
    );
  }
  return source;
}
