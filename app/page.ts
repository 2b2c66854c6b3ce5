import type { Context } from "hono";
import { jsx } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Viewer } from "../views/viewer.ts";
import type { SiteEnv } from "./site.ts";

/** Answers with a whole page. */
export function page(
  c: Context<SiteEnv>,
  node: JSX.Element,
  status: ContentfulStatusCode = 200,
): Response {
  const viewer = c.get("viewer") ?? "open";
  return c.html(`<!doctype html>${jsx(Viewer.Provider, { value: viewer }, node)}`, status);
}

/** Answers with a picture, which the browser asks about again each time. */
export function picture(c: Context<SiteEnv>, svg: string): Response {
  return c.body(svg, 200, { "Content-Type": "image/svg+xml", "Cache-Control": "no-cache" });
}

/** Whether htmx asks for a part of the page. */
export function wantsFragment(c: Context<SiteEnv>): boolean {
  return c.req.header("hx-request") === "true";
}
