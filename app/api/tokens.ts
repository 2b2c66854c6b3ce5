import type { Hono } from "hono";
import * as v from "valibot";
import { SCOPES } from "../../db/schema.ts";
import { listTokens, removeToken } from "../../db/tokens.ts";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { ConfigError } from "../knob.ts";
import type { Site, SiteEnv } from "../site.ts";
import { MAX_DAYS, makeKey, tokenLine } from "../tokens.ts";
import { checked, found, Id, send, Time, told } from "./route.ts";

const Line = v.object({
  id: v.number(),
  name: v.string(),
  hint: v.pipe(v.string(), v.description("How the key begins.")),
  scopes: v.array(v.picklist(SCOPES)),
  expiresAt: v.nullable(Time),
  usedAt: v.nullable(Time),
  createdAt: Time,
});
const Lines = v.object({ tokens: v.array(Line) });
const New = v.strictObject({
  name: v.pipe(v.string(), v.description("What it is for.")),
  scopes: v.pipe(v.array(v.picklist(SCOPES)), v.nonEmpty()),
  days: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DAYS))),
    v.description("How long it is valid; for ever by default."),
  ),
});
const Made = v.object({
  ...Line.entries,
  key: v.pipe(v.string(), v.description("It is not shown again.")),
});
const Removed = v.object({ removed: v.number() });

const tag = "tokens";

/** The keys of programs. */
export function tokenApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const admin = allow(site, "admin");
  const scope = "admin" as const;

  app.get("/api/tokens", told({ summary: "All keys", tag, scope, answer: Lines }), admin, (c) =>
    send(c, Lines, { tokens: listTokens(db).map(tokenLine) }),
  );

  app.post(
    "/api/tokens",
    told({ summary: "Make a key", tag, scope, answer: Made, status: 201 }),
    admin,
    checked("json", New),
    (c) => {
      try {
        const { key, token } = makeKey(db, c.req.valid("json"));
        return send(c, Made, { ...tokenLine(token), key }, 201);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        throw new RequestError(422, error.message, { param: "name" });
      }
    },
  );

  app.delete(
    "/api/tokens/:id",
    told({ summary: "End a key", tag, scope, answer: Removed }),
    admin,
    checked("param", Id),
    (c) => {
      const { id } = c.req.valid("param");
      found(removeToken(db, id) || undefined, "key");
      return send(c, Removed, { removed: id });
    },
  );
}
