import type { Context, MiddlewareHandler } from "hono";
import type { Scope, Token } from "../db/tokens.ts";
import { RequestError } from "./errors.tsx";
import { isLoopback } from "./guard.ts";
import type { Instance } from "./instance.ts";
import { isForPrograms } from "./programs.ts";
import { hasPassword } from "./sign-in/password.ts";
import { sessionOf } from "./sign-in/session.ts";
import type { Site, SiteEnv } from "./site.ts";
import { checkKey, covers, looksLikeKey } from "./tokens.ts";

/** What anybody may ask for: the way in, whether all is well, and what describes the interface. */
const PUBLIC = ["/sign-in", "/healthz", "/readyz", "/favicon.ico", "/api/openapi.json"];
/** The poller signs in with it to the newspaper that this very process prints. */
export const OWN_KEY_HEADER = "x-selkie-own-key";

/**
 * Whether nobody has to sign in: Selkie listens to this machine alone, and no password is set. With a
 * password it may be a proxy on this machine that asks, for anybody.
 */
export function isOpen({ config, db }: Pick<Instance, "config" | "db">): boolean {
  return isLoopback(config.host) && !hasPassword(db);
}

/**
 * Lets nobody through to anything but {@link PUBLIC} without a session, or a key where it is for programs;
 * what a key may do is checked where it is done, see {@link requireScope}.
 */
export function admit(site: Site): MiddlewareHandler<SiteEnv> {
  const { db } = site.instance;
  return async (c, next) => {
    if (isOpen(site.instance)) return next();
    const { path } = c.req;
    const session = sessionOf(c, db);
    c.set("session", session);
    c.set("viewer", session ? "in" : "out");
    if (!session && !isPublic(path) && !isOwnPoller(c, site)) {
      if (!isForPrograms(path)) return askToSignIn(c);
      tokenOf(c, site);
    }
    await next();
    // What was shown to somebody is not for whoever uses the browser next.
    if (!isPublic(path) && !c.res.headers.has("cache-control"))
      c.header("Cache-Control", "no-store");
  };
}

/** Whether whoever was let through would be now: for answers that go on and on. */
export function isStillIn(c: Context<SiteEnv>, { instance }: Site): boolean {
  return isOpen(instance) || sessionOf(c, instance.db) !== undefined;
}

/** Lets a request through that may do what needs this scope, see {@link requireScope}. */
export function allow(site: Site, scope: Scope): MiddlewareHandler<SiteEnv> {
  return async (c, next) => {
    requireScope(c, site, scope);
    await next();
  };
}

/**
 * Checks what a program may do. A key of Selkie's must be valid and have the scope. Without one, people
 * who are signed in may do everything, and so may everybody while Selkie {@link isOpen}.
 * @throws RequestError 401 or 403
 */
export function requireScope(c: Context<SiteEnv>, site: Site, scope: Scope): void {
  const key = keyOf(c);
  // Clients that insist on a key send any word where none is needed.
  const none = key === undefined || !looksLikeKey(key);
  if (none && (c.get("session") || isOpen(site.instance))) return;
  const token = tokenOf(c, site);
  if (!covers(token, scope)) {
    throw new RequestError(
      403,
      `The key “${token.name}” may not do this, which needs the scope ${scope}: make another one with \`selkie token add --scope ${scope}\`.`,
      { code: "insufficient-scope" },
    );
  }
}

function isPublic(path: string): boolean {
  return PUBLIC.includes(path) || path.startsWith("/public/");
}

function isOwnPoller(c: Context<SiteEnv>, site: Site): boolean {
  return c.req.path.startsWith("/demo/") && c.req.header(OWN_KEY_HEADER) === site.ownKey;
}

function keyOf(c: Context<SiteEnv>): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
}

/** @throws RequestError 401 */
function tokenOf(c: Context<SiteEnv>, site: Site): Token {
  const key = keyOf(c);
  const token = key === undefined ? undefined : checkKey(site.instance.db, key);
  if (token) return token;
  c.header("WWW-Authenticate", 'Bearer realm="Selkie"');
  throw new RequestError(
    401,
    key === undefined
      ? "This needs a key: make one with `selkie token add`, and send it as `Authorization: Bearer …`."
      : "This key is not valid, or not any more: make another one with `selkie token add`.",
    { code: "unauthorized" },
  );
}

/** Pages lead to the sign-in and back; a part of a page, a picture or a form says that it was left out. */
function askToSignIn(c: Context<SiteEnv>): Response {
  const { method, url } = c.req;
  const shown = method === "GET" && (c.req.header("accept") ?? "").includes("text/html");
  if (!shown || c.req.header("hx-request")) {
    throw new RequestError(401, "You are signed out: reload the page, and sign in again.");
  }
  const { pathname, search } = new URL(url);
  return c.redirect(`/sign-in?next=${encodeURIComponent(pathname + search)}`, 303);
}
