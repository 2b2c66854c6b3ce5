/** @jsxImportSource hono/jsx */
import { isAbsolute } from "node:path";
import type { Context, Hono } from "hono";
import { answerDocument } from "../../agent/read/consent.ts";
import { addCategory, addFolder, addFrom, type SourceWishes } from "../../agent/sources/add.ts";
import { changeWishes } from "../../agent/sources/change.ts";
import { exportOpml, importOpml } from "../../agent/sources/opml.ts";
import { SOURCE_CONTENTS, SOURCE_MODES, SOURCE_TRUST } from "../../db/schema.ts";
import { changeSource, getSource, type Source } from "../../db/sources.ts";
import { SourcePage } from "../../views/source.tsx";
import { SourcesPage } from "../../views/sources.tsx";
import type { AddNote } from "../../views/types.ts";
import { isOpen } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { askedDocuments, hasDocument, sourceFacts, sourceLines } from "../facts-sources.ts";
import { type Fields, readFields } from "../fields.ts";
import { page } from "../page.ts";
import { parseId } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The sources: their state, what they bring, and forms to add and change them. */
export function sourceRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;
  const { limits, model } = config;
  // Whoever may name a folder may have its files read out: only somebody at this machine.
  const folders = () => isOpen(site.instance);

  app.get("/sources", (c) => {
    c.header("Cache-Control", "no-store");
    const { maxBytes } = limits;
    return page(
      c,
      <SourcesPage
        {...{ model, maxBytes, folders: folders() }}
        sources={sourceLines(db)}
        asked={askedDocuments(db)}
        note={noteOf(c, site)}
      />,
    );
  });

  app.get("/sources.opml", (c) => {
    const disposition = 'attachment; filename="selkie.opml"';
    return c.body(exportOpml(db), 200, {
      "Content-Type": "text/x-opml; charset=utf-8",
      "Content-Disposition": disposition,
    });
  });

  app.post("/sources/new", async (c) => {
    const fields = await readFields(c);
    const wishes = wished(fields);
    const { feed, arxiv, folder } = fields;
    const { source, added } = await (async () => {
      if (typeof feed === "string" && feed.trim() !== "") {
        return addFrom(db, feed, limits, wishes, c.req.raw.signal);
      }
      if (typeof arxiv === "string" && arxiv.trim() !== "") return addCategory(db, arxiv, wishes);
      if (typeof folder === "string" && folder.trim() !== "") {
        if (!folders()) {
          throw new RequestError(
            422,
            "Folders can only be added from this machine: use `selkie source add <folder>` there.",
          );
        }
        if (!isAbsolute(folder.trim())) {
          throw new RequestError(422, `${folder} is no whole path: give one that begins with /.`);
        }
        return addFolder(db, folder.trim(), wishes);
      }
      throw new RequestError(422, "Nothing was named: give an address, a category or a folder.");
    })();
    return c.redirect(`/sources?source=${source.id}${added ? "" : "&again=1"}`, 303);
  });

  app.post("/sources/opml", async (c) => {
    const fields = await readFields(c);
    const { file } = fields;
    if (!(file instanceof File) || file.size === 0) {
      throw new RequestError(422, "No file was sent: choose the OPML file to import.");
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const raw = { source: file.name || "the file", bytes };
    const { added, known, failures } = await importOpml(db, raw, limits, wished(fields));
    return c.redirect(`/sources?added=${added}&known=${known}&failed=${failures.length}`, 303);
  });

  app.get("/sources/:id", (c) => {
    const id = parseId(c.req.param("id"));
    const facts = id === undefined ? undefined : sourceFacts(db, id);
    if (!facts) throw new RequestError(404, "There is no such source: the list has them all.");
    c.header("Cache-Control", "no-store");
    return page(c, <SourcePage {...facts} model={model} />);
  });

  app.post("/sources/:id", async (c) => {
    const id = parseId(c.req.param("id"));
    const source = id === undefined ? undefined : getSource(db, id);
    if (!source || source.state === "removed") {
      throw new RequestError(404, "There is no such source: the list has them all.");
    }
    const fields = await readFields(c);
    change(site, source, fields);
    return c.redirect(fields.action === "remove" ? "/sources" : `/sources/${source.id}`, 303);
  });

  app.post("/documents/consent", async (c) => {
    const fields = await readFields(c);
    const yes = fields.answer === "yes";
    if (!yes && fields.answer !== "no") {
      throw new RequestError(422, "Nothing was answered: say whether the documents are learned.");
    }
    const ids = [fields.document ?? []].flat().map((id) => parseId(String(id)));
    for (const id of ids) if (id !== undefined && hasDocument(db, id)) answerDocument(db, id, yes);
    const back = parseId(String(fields.back ?? ""));
    return c.redirect(back === undefined ? "/sources" : `/sources/${back}`, 303);
  });
}

function change({ instance: { db } }: Site, source: Source, fields: Fields): void {
  switch (fields.action) {
    case "check":
    case "resume":
      changeSource(db, source.id, { state: "active", nextCheckAt: 0 });
      break;
    case "pause":
      changeSource(db, source.id, { state: "paused" });
      break;
    case "remove":
      if (source.kind === "hand") {
        throw new RequestError(422, "What is handed in is no source that could be removed.");
      }
      changeSource(db, source.id, { state: "removed" });
      break;
    default:
      changeWishes(db, source.id, wished(fields));
  }
}

function wished(fields: Fields): SourceWishes {
  const { mode, quota, content, trust } = fields;
  const wishes: SourceWishes = {};
  if (typeof mode === "string") wishes.mode = oneOf(mode, SOURCE_MODES);
  if (typeof trust === "string") wishes.trust = oneOf(trust, SOURCE_TRUST);
  if (typeof content === "string") wishes.content = oneOf(content, SOURCE_CONTENTS);
  if (typeof quota === "string") {
    if (!/^\s*\d{0,7}\s*$/.test(quota)) {
      throw new RequestError(422, "The items a day must be a whole number, or empty for no limit.");
    }
    wishes.quota = quota.trim() === "" ? null : Number(quota);
  }
  return wishes;
}

function oneOf<T extends string>(value: string, options: readonly T[]): T {
  const found = options.find((option) => option === value);
  if (!found) throw new RequestError(422, `“${value}” is none of ${options.join(", ")}.`);
  return found;
}

/** What a redirect after a form left to say: figures and numbers, never the sentence itself. */
function noteOf(c: Context<SiteEnv>, { instance: { db } }: Site): AddNote | undefined {
  const id = parseId(c.req.query("source") ?? "");
  const source = id === undefined ? undefined : getSource(db, id);
  if (source) {
    return c.req.query("again") === "1"
      ? { kind: "duplicate", message: `Here already: ${source.title}` }
      : { kind: "added", message: `Added: ${source.title}` };
  }
  const [added, known, failed] = ["added", "known", "failed"].map((name) => {
    const value = c.req.query(name);
    return value && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  });
  if (added === undefined) return undefined;
  const rest = [
    known ? `${known} were here already` : "",
    failed ? `${failed} could not be used` : "",
  ].filter(Boolean);
  const message = [`${added} feeds added`, ...rest].join(", ");
  return { kind: added > 0 ? "added" : "duplicate", message: `${message}.` };
}
