/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { moveToModel } from "../../agent/lineage/move.ts";
import { goTo } from "../../agent/lineage/switch.ts";
import { unlearnPassage, unlearnSource } from "../../agent/lineage/unlearn.ts";
import { requestRebuild, requestSleep, stopRefit } from "../../agent/refit/request.ts";
import { checkVersion } from "../../agent/versions.ts";
import { BASE_VERSION, getVersion, pinVersion } from "../../db/versions.ts";
import { ComparePage } from "../../views/compare.tsx";
import { ChoicePage, LineagePage } from "../../views/lineage-page.tsx";
import { RefitPage } from "../../views/refit.tsx";
import { RequestError } from "../errors.tsx";
import { compareFacts } from "../facts-compare.ts";
import { choiceFacts, lineageFacts, refitFacts } from "../facts-lineage.ts";
import { readFields } from "../fields.ts";
import { page } from "../page.ts";
import { parseId } from "../params.ts";
import { loadSettings } from "../settings.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The versions as a tree, the way to each of them, sleep, and what is to be unlearned. */
export function versionRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance, learner } = site;
  const { db, home, config } = instance;
  const { model } = config;

  app.get("/versions", async (c) => {
    c.header("Cache-Control", "no-store");
    const facts = await lineageFacts(instance, loadSettings(db), learner);
    return page(c, <LineagePage lineage={facts} model={model} />);
  });

  app.get("/versions/compare", (c) => {
    const { a = "", b = "", page: number = "1" } = c.req.query();
    const facts = compareFacts(db, idOf(a), idOf(b), parseId(number) ?? 1);
    if (!facts) throw noVersion();
    c.header("Cache-Control", "no-store");
    return page(c, <ComparePage compared={facts} model={model} />);
  });

  app.get("/versions/:id", (c) => {
    c.header("Cache-Control", "no-store");
    const facts = choiceFacts(instance, idOf(c.req.param("id")));
    if (!facts) throw noVersion();
    return page(c, <ChoicePage choice={facts} model={model} />);
  });

  app.post("/versions/:id", async (c) => {
    const id = idOf(c.req.param("id"));
    if (id !== BASE_VERSION && !getVersion(db, id)) throw noVersion();
    const { action, requeue } = await readFields(c);
    switch (action) {
      case "use":
        if (id !== BASE_VERSION && !(await checkVersion(db, home, id))) {
          throw new RequestError(
            422,
            `The adapter of version ${id} is not there, or damaged: make it again, or put its file back.`,
          );
        }
        goTo(db, id, requeue === "1");
        break;
      case "pin":
      case "unpin":
        pinVersion(db, id, action === "pin");
        break;
      case "rebuild":
        return c.redirect(`/refits/${requestRebuild(db, id).refit.id}`, 303);
      default:
        throw new RequestError(422, "Nothing was chosen: use the buttons of the version's page.");
    }
    return c.redirect(`/versions/${id}`, 303);
  });

  app.post("/sleep", (c) => c.redirect(`/refits/${requestSleep(db).refit.id}`, 303));

  app.post("/relearn", async (c) => {
    const { request } = await moveToModel(db, model);
    return c.redirect(request ? `/refits/${request.refit.id}` : "/versions", 303);
  });

  app.post("/unlearn", async (c) => {
    const { source, passage } = await readFields(c);
    const [sourceId, passageId] = [source, passage].map((it) => parseId(String(it ?? "")));
    const result =
      sourceId !== undefined
        ? unlearnSource(db, sourceId)
        : passageId !== undefined
          ? unlearnPassage(db, passageId)
          : undefined;
    if (!result) throw new RequestError(422, "There is no such source or passage to unlearn.");
    const { request } = result;
    const back = sourceId !== undefined ? `/sources/${sourceId}` : `/passages/${passageId}`;
    return c.redirect(request ? `/refits/${request.refit.id}` : back, 303);
  });

  app.get("/refits/:id", (c) => {
    const id = parseId(c.req.param("id"));
    const facts = id === undefined ? undefined : refitFacts(db, id, learner);
    if (!facts) throw new RequestError(404, "There is no such refit: the versions' page has them.");
    c.header("Cache-Control", "no-store");
    return page(c, <RefitPage {...facts} model={model} />);
  });

  app.post("/refits/:id/stop", (c) => {
    const id = parseId(c.req.param("id"));
    if (id !== undefined) stopRefit(db, id);
    return c.redirect("/versions", 303);
  });
}

/** 0 is the untouched base; -1 is no version. */
function idOf(text: string): number {
  return text === "0" ? BASE_VERSION : (parseId(text) ?? -1);
}

function noVersion(): RequestError {
  return new RequestError(404, "There is no such version: the list has them all.");
}
