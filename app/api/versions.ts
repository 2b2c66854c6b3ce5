import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import * as v from "valibot";
import { goTo } from "../../agent/lineage/switch.ts";
import { checkVersion } from "../../agent/versions.ts";
import {
  BASE_VERSION,
  currentVersion,
  getVersion,
  listVersions,
  pinVersion,
} from "../../db/versions.ts";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { compareFacts } from "../facts-compare.ts";
import { choiceFacts } from "../facts-lineage.ts";
import { modelId } from "../openai/models.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, found, send, Time, told, whole } from "./route.ts";

const Versions = v.object({
  current: v.pipe(v.number(), v.description("The version that answers now; 0 is the base.")),
  versions: v.array(
    v.object({
      id: v.number(),
      model: v.pipe(v.string(), v.description("Its name in OpenAI's interface.")),
      parentId: v.nullable(v.number()),
      updateId: v.nullable(v.number()),
      file: v.string(),
      sha256: v.string(),
      bytes: v.pipe(v.nullable(v.number()), v.description("Null where its adapter is not kept.")),
      pinned: v.boolean(),
      broken: v.nullable(v.string()),
      createdAt: Time,
    }),
  ),
});

/** A version's number in an address; 0 is the untouched base. */
const Which = v.object({ id: v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number)) });
const Both = v.object({ id: Which.entries.id, other: Which.entries.id });
const Page = v.object({ page: v.optional(whole(1, 1_000_000), "1") });
const score = v.optional(
  v.object({
    accuracy: v.number(),
    logprob: v.pipe(v.number(), v.description("Mean per token, in nats.")),
    probes: v.number(),
    asOf: v.pipe(
      v.optional(v.number()),
      v.description("The latest version that was asked on the way to this one."),
    ),
  }),
);
const Compared = v.object({
  a: v.number(),
  b: v.number(),
  onlyA: v.number(),
  onlyB: v.number(),
  both: v.number(),
  lines: v.array(
    v.object({
      id: v.number(),
      title: v.string(),
      knownToA: v.boolean(),
      knownToB: v.boolean(),
      a: score,
      b: score,
    }),
  ),
  page: v.number(),
  pages: v.number(),
});
const passages = v.array(v.object({ id: v.number(), title: v.string() }));
const Difference = v.object({
  version: v.number(),
  lost: v.pipe(
    passages,
    v.description("Passages that it does not know, and the present one does."),
  ),
  gained: v.pipe(passages, v.description("Passages that it knows, and the present one does not.")),
});
const Use = v.strictObject({
  requeue: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Whether what it does not know is learned again."),
  ),
});
const Pin = v.strictObject({ pinned: v.boolean() });
const Pinned = v.object({ version: v.number(), pinned: v.boolean() });

const tag = "versions";

/** The versions of what was learned, and the way from one to another. */
export function versionApi(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, home } = instance;
  const read = allow(site, "read");
  const admin = allow(site, "admin");
  const titles = (list: { id: number; title: string }[]) =>
    list.map(({ id, title }) => ({ id, title }));

  app.get(
    "/api/versions",
    told({ summary: "Every version, the latest first", tag, scope: "read", answer: Versions }),
    read,
    (c) => {
      const versions = listVersions(db)
        .reverse()
        .map((version) => {
          const { id, parentId, updateId, file, sha256, pinned, broken, createdAt } = version;
          const path = join(home.adapters, file);
          const bytes = existsSync(path) ? statSync(path).size : null;
          const model = modelId(instance, version);
          return { id, model, parentId, updateId, file, sha256, bytes, pinned, broken, createdAt };
        });
      return send(c, Versions, { current: currentVersion(db)?.id ?? BASE_VERSION, versions });
    },
  );

  app.get(
    "/api/versions/:id",
    told({
      summary: "What it would mean if a version answered",
      tag,
      scope: "read",
      answer: Difference,
    }),
    read,
    checked("param", Which),
    (c) => {
      const { id } = c.req.valid("param");
      const { lost, gained } = found(choiceFacts(instance, id), "version");
      return send(c, Difference, { version: id, lost: titles(lost), gained: titles(gained) });
    },
  );

  app.get(
    "/api/versions/:id/compare/:other",
    told({
      summary: "What two versions know, passage by passage: first what only one knows",
      tag,
      scope: "read",
      answer: Compared,
    }),
    read,
    checked("param", Both),
    checked("query", Page),
    (c) => {
      const { id, other } = c.req.valid("param");
      const facts = found(compareFacts(db, id, other, c.req.valid("query").page), "version");
      return send(c, Compared, facts);
    },
  );

  app.post(
    "/api/versions/:id/use",
    told({
      summary: "Let a version answer: back, forward, or over to another branch",
      tag,
      scope: "admin",
      answer: Difference,
    }),
    admin,
    checked("param", Which),
    checked("json", Use),
    async (c) => {
      const { id } = c.req.valid("param");
      if (id !== BASE_VERSION) {
        found(getVersion(db, id), "version");
        if (!(await checkVersion(db, home, id))) {
          throw new RequestError(
            409,
            `The adapter of version ${id} is not there, or damaged: make it again with POST /api/versions/${id}/rebuild.`,
            { code: "no-adapter" },
          );
        }
      }
      const { lost, gained } = goTo(db, id, c.req.valid("json").requeue);
      return send(c, Difference, { version: id, lost: titles(lost), gained: titles(gained) });
    },
  );

  app.put(
    "/api/versions/:id/pinned",
    told({
      summary: "Say whether a version's adapter always stays",
      tag,
      scope: "admin",
      answer: Pinned,
    }),
    admin,
    checked("param", Which),
    checked("json", Pin),
    (c) => {
      const { id } = found(getVersion(db, c.req.valid("param").id), "version");
      const { pinned } = c.req.valid("json");
      pinVersion(db, id, pinned);
      return send(c, Pinned, { version: id, pinned });
    },
  );
}
