import type { Context, MiddlewareHandler } from "hono";
import type { Scope } from "../db/tokens.ts";
import { RequestError } from "./errors.tsx";
import { isLoopback } from "./guard.ts";
import type { Site, SiteEnv } from "./site.ts";
import { checkKey, covers, looksLikeKey } from "./tokens.ts";

/** Lets a request through that may do what needs this scope, see {@link requireScope}. */
export function allow(site: Site, scope: Scope): MiddlewareHandler<SiteEnv> {
  return async (c, next) => {
    requireScope(c, site, scope);
    await next();
  };
}

/**
 * Checks what a program may do. A key of Selkie's must be valid and have the scope. Without one,
 * everything is allowed while Selkie listens to this machine alone, as it is on the pages; otherwise
 * nothing is.
 * @throws RequestError 401 or 403
 */
export function requireScope(c: Context<SiteEnv>, site: Site, scope: Scope): void {
  const { db, config } = site.instance;
  const key = /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  // Clients that insist on a key send any word where none is needed.
  if ((key === undefined || !looksLikeKey(key)) && isLoopback(config.host)) return;
  const token = key === undefined ? undefined : checkKey(db, key);
  if (!token) {
    c.header("WWW-Authenticate", 'Bearer realm="Selkie"');
    throw new RequestError(
      401,
      key === undefined
        ? "This needs a key: make one with `selkie token add`, and send it as `Authorization: Bearer …`."
        : "This key is not valid, or not any more: make another one with `selkie token add`.",
      { code: "unauthorized" },
    );
  }
  if (!covers(token, scope)) {
    throw new RequestError(
      403,
      `The key “${token.name}” may not do this, which needs the scope ${scope}: make another one with \`selkie token add --scope ${scope}\`.`,
      { code: "insufficient-scope" },
    );
  }
}
