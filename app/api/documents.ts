import type { Hono } from "hono";
import * as v from "valibot";
import { acceptAddress } from "../../agent/read/accept.ts";
import { answerDocument } from "../../agent/read/consent.ts";
import { ReadError } from "../../agent/read/errors.ts";
import { acceptText, acceptUpload } from "../../agent/read/inbox.ts";
import { getDocument } from "../../db/documents.ts";
import { listPassages } from "../../db/passages.ts";
import { CONSENTS, DECISIONS, FORMATS } from "../../db/schema.ts";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { documentRows } from "../facts-sources.ts";
import { readFields } from "../fields.ts";
import type { Site, SiteEnv } from "../site.ts";
import { Queued, queued } from "./queued.ts";
import { checked, found, Id, send, Time, told, whole } from "./route.ts";

/** A document as lists have it. */
export const DocumentLine = v.object({
  id: v.number(),
  title: v.string(),
  origin: v.string(),
  format: v.string(),
  consent: v.picklist(CONSENTS),
  supersededBy: v.nullable(v.number()),
  publishedAt: v.nullable(Time),
  readAt: Time,
  passages: v.number(),
});
const Lines = v.object({ documents: v.array(DocumentLine) });
const Which = v.object({
  source: v.optional(whole(1, Number.MAX_SAFE_INTEGER)),
  consent: v.optional(v.picklist(CONSENTS)),
  limit: v.optional(whole(1, 500), "100"),
});

const Whole = v.object({
  id: v.number(),
  title: v.string(),
  origin: v.string(),
  format: v.picklist(FORMATS),
  consent: v.picklist(CONSENTS),
  contentHash: v.string(),
  sourceId: v.nullable(v.number()),
  supersededBy: v.nullable(v.number()),
  publishedAt: v.nullable(Time),
  readAt: Time,
  passages: v.array(
    v.object({ id: v.number(), title: v.string(), decision: v.picklist(DECISIONS) }),
  ),
});

const MAX_TITLE = 500;
const title = v.optional(v.pipe(v.string(), v.trim(), v.maxLength(MAX_TITLE)));
const New = v.union(
  [
    v.strictObject({ url: v.pipe(v.string(), v.trim(), v.nonEmpty()), title }),
    v.strictObject({
      text: v.pipe(
        v.string(),
        v.check((it) => it.trim() !== "", "There is nothing in the text"),
      ),
      title,
    }),
  ],
  "Give either a url or a text that is not empty, and a title if there is one.",
);
const QueuedFiles = v.object({
  files: v.array(v.object({ name: v.string(), ...Queued.entries })),
  refused: v.array(v.object({ name: v.string(), message: v.string() })),
});
const Consent = v.strictObject({ learn: v.boolean() });
const Consented = v.object({ document: v.number(), passages: v.number() });

const tag = "documents";

/** Documents: list, hand in, allow to be learned. When a request is answered, it is recorded. */
export function documentApi(app: Hono<SiteEnv>, site: Site): void {
  const { db, home, config } = site.instance;
  const read = allow(site, "read");
  const write = allow(site, "write");

  app.get(
    "/api/documents",
    told({ summary: "Documents, the latest first", tag, scope: "read", answer: Lines }),
    read,
    checked("query", Which),
    (c) => {
      const { source, consent, limit } = c.req.valid("query");
      const where = {
        ...(source !== undefined && { sourceId: source }),
        ...(consent !== undefined && { consent }),
      };
      return send(c, Lines, { documents: documentRows(db, where, limit) });
    },
  );

  app.post(
    "/api/documents",
    told({
      summary: "Hand in an address or a text",
      tag,
      scope: "write",
      answer: Queued,
      status: 202,
    }),
    write,
    checked("json", New),
    (c) => {
      const wish = c.req.valid("json");
      const accepted =
        "url" in wish
          ? acceptAddress(db, wish.url, wish.title)
          : acceptText(db, home, wish, config.limits);
      return send(c, Queued, queued(accepted), 202);
    },
  );

  app.post(
    "/api/documents/files",
    told({
      summary: "Hand in files, as fields named file of a multipart form",
      tag,
      scope: "write",
      answer: QueuedFiles,
      status: 202,
    }),
    write,
    async (c) => {
      const { file = [] } = await readFields(c);
      const uploads = [file].flat().filter((it) => it instanceof File);
      if (uploads.length === 0) {
        throw new RequestError(422, "No file was sent: send some as fields named file.", {
          param: "file",
        });
      }
      const answer: v.InferOutput<typeof QueuedFiles> = { files: [], refused: [] };
      for (const upload of uploads) {
        const name = upload.name.replace(/\s+/g, " ").trim().slice(0, MAX_TITLE) || "a file";
        try {
          const bytes = new Uint8Array(await upload.arrayBuffer());
          const accepted = acceptUpload(db, home, { name, bytes }, config.limits);
          answer.files.push({ name, ...queued(accepted) });
        } catch (error) {
          if (!(error instanceof ReadError)) throw error;
          answer.refused.push({ name, message: error.message });
        }
      }
      return send(c, QueuedFiles, answer, 202);
    },
  );

  app.get(
    "/api/documents/:id",
    told({ summary: "A document and its passages", tag, scope: "read", answer: Whole }),
    read,
    checked("param", Id),
    (c) => {
      const { source, createdAt, ...document } = found(
        getDocument(db, c.req.valid("param").id),
        "document",
      );
      const passages = listPassages(db, document.id).map(({ id, title, decision }) => ({
        id,
        title,
        decision,
      }));
      return send(c, Whole, { ...document, origin: source, readAt: createdAt, passages });
    },
  );

  app.post(
    "/api/documents/:id/consent",
    told({
      summary: "Say whether a document is learned",
      tag,
      scope: "write",
      answer: Consented,
    }),
    write,
    checked("param", Id),
    checked("json", Consent),
    (c) => {
      const { id } = found(getDocument(db, c.req.valid("param").id), "document");
      const passages = answerDocument(db, id, c.req.valid("json").learn);
      return send(c, Consented, { document: id, passages });
    },
  );
}
