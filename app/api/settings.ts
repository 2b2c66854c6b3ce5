import type { Hono } from "hono";
import * as v from "valibot";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { ConfigError } from "../knob.ts";
import { changeSettings, settingLines } from "../settings-list.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, send, told } from "./route.ts";

const Settings = v.object({
  settings: v.array(
    v.object({
      key: v.string(),
      expected: v.pipe(v.string(), v.description("What it may be, in words.")),
      stored: v.pipe(v.unknown(), v.description("What the instance keeps; null is the default.")),
      variable: v.string(),
      environment: v.pipe(
        v.nullable(v.string()),
        v.description("What the environment says, which goes before what is stored."),
      ),
    }),
  ),
});
const Changes = v.pipe(
  v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.array(v.string())]))),
  v.description("Values by key; null goes back to the default."),
);

const tag = "settings";

/** How the learner learns. Changes count from the next start. */
export function settingsApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;

  app.get(
    "/api/settings",
    told({ summary: "The learner's settings", tag, scope: "read", answer: Settings }),
    allow(site, "read"),
    (c) => send(c, Settings, { settings: settingLines(db) }),
  );

  app.patch(
    "/api/settings",
    told({
      summary: "Change settings, all of them or none; they count from the next start",
      tag,
      scope: "admin",
      answer: Settings,
    }),
    allow(site, "admin"),
    checked("json", Changes),
    (c) => {
      try {
        changeSettings(db, c.req.valid("json"));
      } catch (error) {
        if (error instanceof ConfigError) throw new RequestError(422, error.message);
        throw error;
      }
      return send(c, Settings, { settings: settingLines(db) });
    },
  );
}
