import type { Command } from "commander";
import { runs } from "../../frame.ts";
import { answer, asked } from "./answer.ts";
import { add, remove, set } from "./change.ts";
import { check } from "./check.ts";
import { list, show } from "./list.ts";
import { exportFile, importFile } from "./opml.ts";
import { wishes } from "./wishes.ts";

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
