import type { Context, Hono, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import type { Config } from "./config.ts";
import { RequestError } from "./errors.tsx";
import { isForPrograms } from "./programs.ts";
import type { SiteEnv } from "./site.ts";

/** A form around a file has some bytes of its own. */
const FORM_BYTES = 64 * 1024;
const MB = 1024 * 1024;
/** Bytes of one form at most, unless a single document may be larger. */
const MAX_FORM = 120 * MB;
/** What asks for something and changes nothing. */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * What keeps others out, apart from who they are: a policy under which a page runs no script but Selkie's
 * own files, changes that only Selkie's own pages and programs can ask for, and names that are its own.
 */
export function guard(app: Hono<SiteEnv>, config: Pick<Config, "host" | "names">): void {
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: "DENY",
      // Selkie is served over plain HTTP on its own machine; a proxy in front may add this.
      strictTransportSecurity: false,
      permissionsPolicy: { camera: [], microphone: [], geolocation: [] },
    }),
  );
  if (isLoopback(config.host) || config.names.length > 0) app.use(ownNames(config.names));
  app.use((c, next) => {
    if (!SAFE_METHODS.includes(c.req.method) && !isOwnChange(c)) throw new HTTPException(403);
    return next();
  });
}

/** Limits what can be sent. @param maxBytes of a document */
export function limitBody(app: Hono<SiteEnv>, maxBytes: number): void {
  // Many files may come at once, but all of them are held.
  const maxForm = Math.max(maxBytes, Math.min(maxBytes * 10, MAX_FORM));
  const most = Math.round(maxForm / MB);
  app.use(
    bodyLimit({
      maxSize: maxForm + FORM_BYTES,
      onError: () => {
        throw new RequestError(
          413,
          `What was sent is larger than ${most} MB: send it in parts, or raise SELKIE_MAX_DOCUMENT_MB.`,
        );
      },
    }),
  );
}

/**
 * A page elsewhere can have its own name resolved to this machine, and would then count as the same
 * origin; under a name that is not Selkie's nothing is answered.
 */
function ownNames(names: readonly string[]): MiddlewareHandler<SiteEnv> {
  return async (c, next) => {
    const { hostname } = new URL(c.req.url);
    if (!isLoopback(hostname) && !names.includes(hostname.toLowerCase())) {
      throw new RequestError(
        403,
        "Selkie does not answer under this name: add the name to SELKIE_ALLOWED_HOSTS if it is yours.",
      );
    }
    await next();
  };
}

/**
 * Whether a change is asked for by a page of this very origin. Browsers say where a request comes from; a
 * program, which does not, may change what is for programs.
 */
function isOwnChange(c: Context<SiteEnv>): boolean {
  const { path, url } = c.req;
  // A page elsewhere cannot send a key unless it is told that it may, and it never is.
  if (isForPrograms(path) && /^Bearer /i.test(c.req.header("authorization") ?? "")) return true;
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = c.req.header("origin");
  if (origin !== undefined) return origin === new URL(url).origin;
  return isForPrograms(path);
}

/** Whether a name or address is this machine's own, reachable from nowhere else. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "::1" || /^127(?:\.\d+){3}$/.test(name) || /(?:^|\.)localhost$/.test(name);
}
