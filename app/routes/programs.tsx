/** @jsxImportSource hono/jsx */
import type { Context, Hono } from "hono";
import { SCOPES, WEBHOOK_EVENTS } from "../../db/schema.ts";
import { listTokens, removeToken } from "../../db/tokens.ts";
import { getWebhook, listDeliveries, listWebhooks, removeWebhook } from "../../db/webhooks.ts";
import { type ProgramsFacts, ProgramsPage } from "../../views/programs.tsx";
import { allow, isOpen } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { type Fields, readFields } from "../fields.ts";
import { ConfigError, listOf, readKnob, whole } from "../knob.ts";
import { page } from "../page.ts";
import { parseId } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";
import { openStream } from "../stream.ts";
import { MAX_DAYS, makeKey, tokenLine } from "../tokens.ts";
import { createWebhook } from "../webhooks/add.ts";
import { tryWebhook } from "../webhooks/trial.ts";

/** The keys of other programs, and the addresses that are told of what happens. */
export function programRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, config } = instance;
  const admin = allow(site, "admin");

  const show = (c: Context<SiteEnv>, made?: ProgramsFacts["made"]) => {
    // What is shown once is kept nowhere.
    c.header("Cache-Control", "no-store");
    const facts = {
      keys: listTokens(db).map(tokenLine),
      webhooks: listWebhooks(db).map(({ id, url, events }) => {
        const [last] = listDeliveries(db, id, 1);
        const at = last && (last.finishedAt ?? last.createdAt);
        return {
          id,
          url,
          events,
          ...(last && { last: { state: last.state, error: last.error, at: at! } }),
        };
      }),
      scopes: SCOPES,
      events: WEBHOOK_EVENTS,
      open: isOpen(instance),
      ...(made && { made }),
    };
    return page(c, <ProgramsPage facts={facts} model={config.model} />);
  };

  app.get("/programs", admin, (c) => show(c));

  app.post("/programs/keys", admin, async (c) => {
    const { name, scope, days } = await readFields(c);
    const { key, token } = usable(() =>
      makeKey(db, {
        name: textOf(name),
        scopes: readKnob("What it may do", [scope ?? []].flat(), listOf(SCOPES)),
        ...(textOf(days) !== "" && {
          days: readKnob("The days that it is valid", textOf(days), whole(1, MAX_DAYS)),
        }),
      }),
    );
    return show(c, { what: "key", of: token.name, text: key });
  });

  app.post("/programs/keys/:id", admin, async (c) => {
    const id = parseId(c.req.param("id"));
    if (id === undefined || !removeToken(db, id)) {
      throw new RequestError(404, "There is no such key: the list has them all.");
    }
    return c.redirect("/programs#keys", 303);
  });

  app.post("/programs/webhooks", admin, async (c) => {
    const { url, event } = await readFields(c);
    const webhook = usable(() =>
      createWebhook(db, {
        url: textOf(url),
        events: readKnob("Of what it is told", [event ?? []].flat(), listOf(WEBHOOK_EVENTS)),
      }),
    );
    return show(c, { what: "secret", of: webhook.url, text: webhook.secret });
  });

  app.post("/programs/webhooks/:id", admin, async (c) => {
    const id = parseId(c.req.param("id"));
    const webhook = id === undefined ? undefined : getWebhook(db, id);
    if (!webhook) throw new RequestError(404, "There is no such webhook: the list has them all.");
    const { action } = await readFields(c);
    if (action === "test") await tryWebhook(instance, webhook, openStream(c, site));
    else if (action === "remove") removeWebhook(db, webhook.id);
    else throw new RequestError(422, "Nothing was chosen: use the page's buttons.");
    return c.redirect("/programs#webhooks", 303);
  });
}

function textOf(field: Fields[string] | undefined): string {
  return typeof field === "string" ? field.trim() : "";
}

/** @throws RequestError where what people wrote cannot be used */
function usable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw new RequestError(422, error.message);
    throw error;
  }
}
