import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { sha256 } from "../../agent/read/hash.ts";
import type { Database } from "../../db/open.ts";
import {
  addSession,
  endSession,
  findSession,
  SESSION_MS,
  type Session,
  touchSession,
} from "../../db/sessions.ts";
import type { SiteEnv } from "../site.ts";
import type { Client } from "./client.ts";

/** Characters of a browser's name for itself that are kept. */
const MAX_AGENT = 200;

/** Cookies know no ports: two instances on one machine would take each other's away. */
function cookieName(c: Context<SiteEnv>): string {
  return `selkie${new URL(c.req.url).port}`;
}

/** The session that a request belongs to, if it has not ended; its use is recorded. */
export function sessionOf(c: Context<SiteEnv>, db: Database): Session | undefined {
  const name = cookieName(c);
  const key = getCookie(c, name, "host") ?? getCookie(c, name);
  const session = key === undefined ? undefined : findSession(db, sha256(key));
  if (!session) return undefined;
  try {
    touchSession(db, session);
  } catch {
    // A full disk or a busy database is no reason to send somebody away.
  }
  return session;
}

/**
 * Signs a browser in: it keeps a key that cannot be guessed, and the database the key's hash. `Lax`: a link
 * from elsewhere may lead in, a form from elsewhere may not.
 */
export function beginSession(c: Context<SiteEnv>, db: Database, client: Client): void {
  const { address, secure } = client;
  const key = randomBytes(32).toString("base64url");
  const agent = (c.req.header("user-agent") ?? "").slice(0, MAX_AGENT);
  const before = c.get("session");
  if (before) endSession(db, before.id);
  addSession(db, { hash: sha256(key), address, agent });
  setCookie(c, cookieName(c), key, {
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: SESSION_MS / 1000,
    ...(secure && { secure, prefix: "host" }),
  });
}

/** Lets the browser forget its session. */
export function dropSession(c: Context<SiteEnv>): void {
  const name = cookieName(c);
  deleteCookie(c, name, { path: "/" });
  deleteCookie(c, name, { path: "/", secure: true, prefix: "host" });
}
