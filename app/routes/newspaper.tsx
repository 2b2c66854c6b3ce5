/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { NewsPage } from "../../views/news.tsx";
import { openNewspaper } from "../demo.ts";
import { RequestError } from "../errors.tsx";
import type { Newspaper } from "../newspaper.ts";
import { page } from "../page.ts";
import { NEWSPAPER_PATH } from "../poller.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The demo's newspaper, as a feed that is read like any other, and its articles. */
export function newspaperRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  let paper: Newspaper | undefined;
  const open = async () => {
    paper ??= await openNewspaper(instance);
    if (!paper) throw new RequestError(404, "This instance does not read the demo's newspaper.");
    return paper;
  };

  app.get(NEWSPAPER_PATH, async (c) => {
    const news = await open();
    const now = Date.now();
    const etag = `"${news.count(now)}"`;
    c.header("ETag", etag);
    if (c.req.header("if-none-match") === etag) return c.body(null, 304);
    return c.body(news.feed(now, c.req.url), 200, {
      "Content-Type": "application/rss+xml; charset=utf-8",
    });
  });

  app.get("/demo/news/:number", async (c) => {
    const number = /^\d{1,9}$/.test(c.req.param("number")) ? Number(c.req.param("number")) : -1;
    const news = await open();
    if (number < 0 || number >= news.count(Date.now())) {
      throw new RequestError(404, "There is no such article in the newspaper yet.");
    }
    return page(c, <NewsPage item={news.item(number)} model={instance.config.model} />);
  });
}
