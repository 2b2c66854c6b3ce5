import type { Context, Hono, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { RequestError } from "./errors.tsx";
import { isForPrograms } from "./programs.ts";
import type { SiteEnv } from "./site.ts";

/** A form around a file has some bytes of its own. */
const FORM_BYTES = 64 * 1024;
const MB = 1024 * 1024;
/** Bytes of one form at most, unless a single document may be larger. */
const MAX_FORM = 120 * MB;

/**
 * What keeps others out: a policy under which a page runs no script but Selkie's own files, forms
 * that only Selkie's own pages can send, and a limit on what can be sent.
 */
export function guard(app: Hono<SiteEnv>, options: { host: string; maxBytes: number }): void {
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
  if (isLoopback(options.host)) app.use(ownNames);
  const ownForms = csrf();
  app.use((c, next) => (isNoBrowser(c) ? next() : ownForms(c, next)));
  // Many files may come at once, but all of them are held.
  const maxForm = Math.max(options.maxBytes, Math.min(options.maxBytes * 10, MAX_FORM));
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
 * origin; under a name that is not this machine's nothing is answered.
 */
const ownNames: MiddlewareHandler<SiteEnv> = async (c, next) => {
  if (!isLoopback(new URL(c.req.url).hostname)) throw new HTTPException(403);
  await next();
};

/**
 * Whether a program sends a request to what is for programs: browsers say where a request comes from,
 * and add a key only where a page's own script does.
 */
function isNoBrowser({ req }: Context<SiteEnv>): boolean {
  if (!isForPrograms(req.path)) return false;
  if (/^Bearer /i.test(req.header("authorization") ?? "")) return true;
  return req.header("origin") === undefined && req.header("sec-fetch-site") === undefined;
}

/** Whether a name or address is this machine's own, reachable from nowhere else. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "::1" || /^127(?:\.\d+){3}$/.test(name) || /(?:^|\.)localhost$/.test(name);
}
