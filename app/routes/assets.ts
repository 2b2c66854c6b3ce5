import { join } from "node:path";
import type { Hono } from "hono";
import type { SiteEnv } from "../site.ts";

const PUBLIC = join(import.meta.dir, "..", "public");
const HTMX = join(Bun.resolveSync("htmx.org/package.json", import.meta.dir), "..", "dist");

/** Everything the pages load; nothing comes from elsewhere. */
const ASSETS: Record<string, { paths: string[]; type: string }> = {
  "selkie.css": { paths: [join(PUBLIC, "selkie.css")], type: "text/css; charset=utf-8" },
  "selkie.svg": { paths: [join(PUBLIC, "selkie.svg")], type: "image/svg+xml" },
  // In one file: htmx starts on a timer, and an extension that arrives after it is never asked.
  "htmx.js": {
    paths: [join(HTMX, "htmx.min.js"), join(HTMX, "ext", "hx-sse.min.js")],
    type: "text/javascript; charset=utf-8",
  },
};

/** Style sheet, icon and script, read once; a browser asks again but is sent only what changed. */
export async function assetRoutes(app: Hono<SiteEnv>): Promise<void> {
  for (const [name, { paths, type }] of Object.entries(ASSETS)) {
    const parts = await Promise.all(paths.map((path) => Bun.file(path).text()));
    const body = parts.join(";\n");
    const tag = `"${Bun.hash(body).toString(36)}"`;
    app.get(`/public/${name}`, (c) => {
      c.header("ETag", tag);
      c.header("Cache-Control", "no-cache");
      if (c.req.header("if-none-match") === tag) return c.body(null, 304);
      return c.body(body, 200, { "Content-Type": type });
    });
  }
  app.get("/favicon.ico", (c) => c.redirect("/public/selkie.svg", 301));
}
