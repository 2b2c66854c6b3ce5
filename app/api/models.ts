import type { Hono } from "hono";
import * as v from "valibot";
import { inspectHardware } from "../../agent/hardware.ts";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { dropModel, modelsFacts, takeModel } from "../models.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, send, told } from "./route.ts";

const Suggestion = v.object({ name: v.string(), uri: v.string(), needsBytes: v.number() });
const Models = v.object({
  folder: v.string(),
  models: v.array(
    v.object({
      name: v.string(),
      path: v.string(),
      bytes: v.number(),
      outline: v.optional(
        v.object({
          architecture: v.string(),
          name: v.string(),
          parameters: v.number(),
          contextLength: v.number(),
          types: v.array(v.string()),
          memory: v.object({ least: v.number(), fast: v.number() }),
        }),
      ),
      problem: v.optional(v.string()),
      current: v.boolean(),
      chosen: v.boolean(),
      fits: v.picklist(["well", "just", "no", "unknown"]),
      hoursPerDay: v.optional(v.number()),
    }),
  ),
  partial: v.array(v.string()),
  hardware: v.string(),
  recommended: Suggestion,
  suggestions: v.array(Suggestion),
});
const Pull = v.strictObject({
  uri: v.pipe(
    v.string(),
    v.regex(/^hf:[^/\s]+\/\S+$/i),
    v.description("hf:owner/repository:Q4_K_M or hf:owner/repository/file.gguf"),
  ),
});
const State = v.object({
  pull: v.nullable(
    v.object({
      uri: v.string(),
      state: v.picklist(["running", "done", "failed", "stopped"]),
      pulling: v.optional(
        v.object({
          file: v.string(),
          done: v.number(),
          total: v.number(),
          bytesPerSecond: v.number(),
        }),
      ),
      message: v.optional(v.string()),
      name: v.optional(v.string()),
    }),
  ),
});
/** Who asks over the network names no paths of this machine. */
export const ModelName = v.pipe(v.string(), v.regex(/^[^/\\]+$/));
const Name = v.object({ name: ModelName });
const Chosen = v.object({ model: v.string() });
const Removed = v.object({ removed: v.string(), freed: v.number() });

const tag = "models";

/** Base models: list, download, choose, remove. */
export function modelApi(app: Hono<SiteEnv>, site: Site): void {
  const { instance, puller } = site;
  const read = allow(site, "read");
  const admin = allow(site, "admin");
  const scope = "admin" as const;

  app.get(
    "/api/models",
    told({ summary: "The models that are here", tag, scope: "read", answer: Models }),
    read,
    async (c) => send(c, Models, modelsFacts(instance, await inspectHardware())),
  );

  app.get(
    "/api/models/pull",
    told({ summary: "The download that goes on", tag, scope: "read", answer: State }),
    read,
    (c) => send(c, State, { pull: puller.state ?? null }),
  );

  app.post(
    "/api/models/pull",
    told({ summary: "Download a model", tag, scope, answer: State, status: 202 }),
    admin,
    checked("json", Pull),
    (c) => {
      if (!puller.start(c.req.valid("json").uri)) {
        throw new RequestError(409, `${puller.state?.uri} is downloaded now: wait, or stop it.`);
      }
      return send(c, State, { pull: puller.state ?? null }, 202);
    },
  );

  app.delete(
    "/api/models/pull",
    told({ summary: "Stop the download; it can be gone on with", tag, scope, answer: State }),
    admin,
    (c) => {
      puller.stop();
      return send(c, State, { pull: puller.state ?? null });
    },
  );

  app.post(
    "/api/models/:name/use",
    told({ summary: "Learn on a model from the next start on", tag, scope, answer: Chosen }),
    admin,
    checked("param", Name),
    (c) => {
      const { name } = takeModel(instance, c.req.valid("param").name);
      return send(c, Chosen, { model: name });
    },
  );

  app.delete(
    "/api/models/:name",
    told({ summary: "Delete a downloaded model", tag, scope, answer: Removed }),
    admin,
    checked("param", Name),
    (c) => {
      const { name } = c.req.valid("param");
      return send(c, Removed, { removed: name, freed: dropModel(instance, name) });
    },
  );
}
