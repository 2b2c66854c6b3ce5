import { isAbsolute } from "node:path";
import type { Hono } from "hono";
import * as v from "valibot";
import { isAddress } from "../../agent/read/fetch.ts";
import { addFrom } from "../../agent/sources/add.ts";
import { changeWishes } from "../../agent/sources/change.ts";
import { exportOpml, importOpml } from "../../agent/sources/opml.ts";
import {
  ITEM_STATES,
  SOURCE_CONTENTS,
  SOURCE_KINDS,
  SOURCE_MODES,
  SOURCE_TRUST,
} from "../../db/schema.ts";
import { changeSource, getSource, type Source, type SourceChange } from "../../db/sources.ts";
import { allow, isOpen } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { sourceFacts, sourceLines } from "../facts-sources.ts";
import type { Site, SiteEnv } from "../site.ts";
import { DocumentLine } from "./documents.ts";
import { checked, found, Id, send, Time, told } from "./route.ts";

const MINUTE_MS = 60_000;
const count = v.number();

const Line = v.object({
  id: v.number(),
  kind: v.picklist(SOURCE_KINDS),
  title: v.string(),
  address: v.string(),
  site: v.nullable(v.string()),
  mode: v.picklist(SOURCE_MODES),
  content: v.picklist(SOURCE_CONTENTS),
  trust: v.picklist(SOURCE_TRUST),
  quota: v.nullable(v.number()),
  state: v.picklist(["active", "failing", "paused", "gone"]),
  every: v.pipe(v.nullable(v.number()), v.description("Milliseconds between two looks.")),
  error: v.nullable(v.string()),
  failures: count,
  checkedAt: v.nullable(Time),
  changedAt: v.nullable(Time),
  nextCheckAt: v.nullable(Time),
  counts: v.object({
    held: count,
    queued: count,
    read: count,
    failed: count,
    gone: count,
    documents: count,
    ask: count,
  }),
});
const Lines = v.object({ sources: v.array(Line) });
const One = v.object({ source: Line });
const Whole = v.object({
  source: Line,
  items: v.array(
    v.object({
      id: v.number(),
      title: v.string(),
      address: v.string(),
      state: v.picklist(ITEM_STATES),
      error: v.nullable(v.string()),
      publishedAt: v.nullable(Time),
      retryAt: v.nullable(Time),
    }),
  ),
  documents: v.array(DocumentLine),
});

const wishes = {
  mode: v.optional(v.picklist(SOURCE_MODES)),
  content: v.optional(v.picklist(SOURCE_CONTENTS)),
  trust: v.pipe(
    v.optional(v.picklist(SOURCE_TRUST)),
    v.description("What it brings goes first (high) or last (low) among what waits."),
  ),
  quota: v.pipe(
    v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)))),
    v.description("Items a day at most; null is no limit."),
  ),
  minutes: v.pipe(
    v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)))),
    v.description("How often to look; null is as often as it brings something."),
  ),
  title: v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(500))),
};
const New = v.strictObject({
  address: v.pipe(
    v.string(),
    v.trim(),
    v.nonEmpty(),
    v.description("A feed's or page's address, arxiv:cs.CL, or the whole path of a folder."),
  ),
  ...wishes,
});
const Change = v.strictObject({ ...wishes, paused: v.optional(v.boolean()) });
const Added = v.object({ source: Line, added: v.boolean(), others: v.array(v.string()) });
const Imported = v.object({
  added: v.number(),
  known: v.number(),
  failures: v.array(v.string()),
});
const Removed = v.object({ removed: v.number() });

const tag = "sources";

/** Sources: list, add, change, remove, look now; OPML. */
export function sourceApi(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;
  const { limits } = config;
  const read = allow(site, "read");
  const write = allow(site, "write");
  const one = (id: number) => found(sourceFacts(db, id), "source");
  const row = (id: number): Source => {
    one(id);
    return getSource(db, id)!;
  };

  app.get(
    "/api/sources",
    told({ summary: "All sources, and how they are", tag, scope: "read", answer: Lines }),
    read,
    (c) => send(c, Lines, { sources: sourceLines(db) }),
  );

  app.post(
    "/api/sources",
    told({ summary: "Add a source", tag, scope: "write", answer: Added, status: 201, again: true }),
    write,
    checked("json", New),
    async (c) => {
      const { address, ...wish } = c.req.valid("json");
      if (!isAddress(address) && !/^arxiv:/i.test(address))
        checkFolder(address, isOpen(site.instance));
      const { signal } = c.req.raw;
      const { source, added, others } = await addFrom(db, address, limits, wished(wish), signal);
      return send(c, Added, { source: one(source.id).source, added, others }, added ? 201 : 200);
    },
  );

  app.get(
    "/api/sources/opml",
    told({
      summary: "The feeds as OPML",
      tag,
      scope: "read",
      answer: v.string(),
      media: "text/x-opml",
    }),
    read,
    (c) => c.body(exportOpml(db), 200, { "Content-Type": "text/x-opml; charset=utf-8" }),
  );

  app.post(
    "/api/sources/opml",
    told({
      summary: "Add the feeds of an OPML file, which is the body",
      tag,
      scope: "write",
      answer: Imported,
    }),
    write,
    async (c) => {
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      const { added, known, failures } = await importOpml(
        db,
        { source: "the OPML file", bytes },
        limits,
        {},
      );
      return send(c, Imported, { added, known, failures: failures.map(String) });
    },
  );

  app.get(
    "/api/sources/:id",
    told({ summary: "A source with what it brought", tag, scope: "read", answer: Whole }),
    read,
    checked("param", Id),
    (c) => send(c, Whole, one(c.req.valid("param").id)),
  );

  app.patch(
    "/api/sources/:id",
    told({ summary: "Change a source", tag, scope: "write", answer: One }),
    write,
    checked("param", Id),
    checked("json", Change),
    (c) => {
      const { id } = row(c.req.valid("param").id);
      const { paused, ...wish } = c.req.valid("json");
      const change: SourceChange = wished(wish);
      if (paused === true) change.state = "paused";
      if (paused === false) Object.assign(change, { state: "active", nextCheckAt: 0 });
      if (wish.minutes !== undefined) change.nextCheckAt = 0;
      changeWishes(db, id, change);
      return send(c, One, { source: one(id).source });
    },
  );

  app.delete(
    "/api/sources/:id",
    told({
      summary: "Forget a source; what it brought stays",
      tag,
      scope: "write",
      answer: Removed,
    }),
    write,
    checked("param", Id),
    (c) => {
      const { id, kind } = row(c.req.valid("param").id);
      if (kind === "hand") {
        throw new RequestError(422, "What is handed in is no source that could be removed.");
      }
      changeSource(db, id, { state: "removed" });
      return send(c, Removed, { removed: id });
    },
  );

  app.post(
    "/api/sources/:id/check",
    told({ summary: "Look at a source now", tag, scope: "write", answer: One, status: 202 }),
    write,
    checked("param", Id),
    (c) => {
      const { id } = row(c.req.valid("param").id);
      changeSource(db, id, { state: "active", nextCheckAt: 0 });
      return send(c, One, { source: one(id).source }, 202);
    },
  );
}

function wished({ minutes, ...wish }: Omit<v.InferOutput<typeof New>, "address">) {
  return {
    ...wish,
    ...(minutes !== undefined && { every: minutes === null ? null : minutes * MINUTE_MS }),
  };
}

/** Whoever may name a folder may have its files read out: only somebody at this machine. */
function checkFolder(address: string, open: boolean): void {
  if (!open) {
    throw new RequestError(
      422,
      "Folders can only be added from this machine: use `selkie source add <folder>` there.",
      { param: "address" },
    );
  }
  if (!isAbsolute(address)) {
    throw new RequestError(
      422,
      `${address} is neither an address with http:// or https:// nor a whole path.`,
      { param: "address" },
    );
  }
}
