/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { getUpdate } from "../../db/updates.ts";
import { lossPicture } from "../../views/charts/losses.ts";
import { PassagePage } from "../../views/passage.tsx";
import { PassagesPage } from "../../views/passages.tsx";
import { RequestError } from "../errors.tsx";
import { passageList } from "../facts.ts";
import { candidateLines, passageFacts } from "../facts-passage.ts";
import { page, picture } from "../page.ts";
import { parseId, themeOf } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

const PAGE_SIZE = 50;

/** The list of passages, each one's page, and the training curves on it. */
export function passageRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;

  app.get("/passages", (c) => {
    const number = parseId(c.req.query("page") ?? "1");
    const list = passageList(db, PAGE_SIZE, ((number ?? 1) - 1) * PAGE_SIZE);
    const pages = Math.max(1, Math.ceil(list.total / PAGE_SIZE));
    if (number === undefined || number > pages) {
      throw new RequestError(404, `There is no such page: the list of passages has ${pages}.`);
    }
    return page(c, <PassagesPage list={list} model={config.model} page={number} pages={pages} />);
  });

  app.get("/passages/:id", (c) => {
    const id = parseId(c.req.param("id"));
    const passage = id === undefined ? undefined : passageFacts(db, id);
    if (!passage) {
      throw new RequestError(404, "There is no such passage: the list of passages has them all.");
    }
    return page(c, <PassagePage passage={passage} model={config.model} />);
  });

  app.get("/updates/:id/losses.svg", (c) => {
    const id = parseId(c.req.param("id"));
    const update = id === undefined ? undefined : getUpdate(db, id);
    const curves = update ? candidateLines(db, update).filter((it) => it.losses.length > 0) : [];
    if (curves.length === 0) throw new RequestError(404, "Nothing was trained in such an update.");
    const losses = lossPicture(
      curves.map(({ ordinal, losses, winner }) => ({
        label: `candidate ${ordinal + 1}`,
        losses,
        winner,
      })),
      themeOf(c),
    );
    return picture(c, losses);
  });
}
