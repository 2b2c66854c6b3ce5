import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import * as v from "valibot";
import { currentVersion, listVersions } from "../../db/versions.ts";
import { allow } from "../access.ts";
import { modelId } from "../openai/models.ts";
import type { Site, SiteEnv } from "../site.ts";
import { send, Time, told } from "./route.ts";

const Versions = v.object({
  current: v.pipe(v.number(), v.description("The version that answers now; 0 is the base.")),
  versions: v.array(
    v.object({
      id: v.number(),
      model: v.pipe(v.string(), v.description("Its name in OpenAI's interface.")),
      parentId: v.nullable(v.number()),
      updateId: v.nullable(v.number()),
      file: v.string(),
      sha256: v.string(),
      bytes: v.pipe(v.nullable(v.number()), v.description("Null where its adapter is not kept.")),
      broken: v.nullable(v.string()),
      createdAt: Time,
    }),
  ),
});

const tag = "versions";

/** The versions of what was learned. */
export function versionApi(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, home } = instance;

  app.get(
    "/api/versions",
    told({ summary: "Every version, the latest first", tag, scope: "read", answer: Versions }),
    allow(site, "read"),
    (c) => {
      const versions = listVersions(db)
        .reverse()
        .map((version) => {
          const { id, parentId, updateId, file, sha256, broken, createdAt } = version;
          const path = join(home.adapters, file);
          const bytes = existsSync(path) ? statSync(path).size : null;
          const model = modelId(instance, version);
          return { id, model, parentId, updateId, file, sha256, bytes, broken, createdAt };
        });
      return send(c, Versions, { current: currentVersion(db)?.id ?? 0, versions });
    },
  );
}
