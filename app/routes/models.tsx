/** @jsxImportSource hono/jsx */
import { dirname } from "node:path";
import type { Hono } from "hono";
import * as v from "valibot";
import { inspectHardware } from "../../agent/hardware.ts";
import { ModelsPage, Pull, type PullRow } from "../../views/models.tsx";
import { ModelName } from "../api/models.ts";
import { RequestError } from "../errors.tsx";
import { readFields } from "../fields.ts";
import { dropModel, modelsFacts, takeModel } from "../models.ts";
import { page } from "../page.ts";
import type { PullState } from "../pulls.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The base models: which there are, downloads, and the choice among them. */
export function modelRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance, puller } = site;
  const { model } = instance.config;

  app.get("/models", async (c) => {
    c.header("Cache-Control", "no-store");
    const { models, folder, ...facts } = modelsFacts(instance, await inspectHardware());
    const rows = models.map(({ outline, path, ...row }) => ({
      ...row,
      ...(outline && { parameters: outline.parameters, memory: outline.memory }),
      own: dirname(path) === folder,
    }));
    const pull = rowOf(puller.state);
    return page(
      c,
      <ModelsPage facts={{ ...facts, models: rows, ...(pull && { pull }) }} model={model} />,
    );
  });

  app.get("/models/pull", (c) => {
    c.header("Cache-Control", "no-store");
    // At its end the list has another model, and nothing asks any more.
    if (puller.state?.state !== "running") c.header("HX-Refresh", "true");
    return c.html(<Pull pull={rowOf(puller.state)} />);
  });

  app.post("/models/pull", async (c) => {
    const { uri } = await readFields(c);
    if (typeof uri !== "string" || !/^hf:[^/\s]+\/\S+$/i.test(uri.trim())) {
      throw new RequestError(
        422,
        "That names no model: write hf:owner/repository:Q4_K_M, or hf:owner/repository/file.gguf.",
      );
    }
    if (!puller.start(uri.trim())) {
      throw new RequestError(409, "A model is downloaded already: wait for its end, or stop it.");
    }
    return c.redirect("/models", 303);
  });

  app.post("/models/pull/stop", (c) => {
    puller.stop();
    return c.redirect("/models", 303);
  });

  app.post("/models", async (c) => {
    const { action, model: name } = await readFields(c);
    if (!v.is(ModelName, name)) throw new RequestError(422, "No model was named.");
    if (action === "use") takeModel(instance, name);
    else if (action === "remove") dropModel(instance, name);
    else throw new RequestError(422, "Nothing was chosen: use the page's buttons.");
    return c.redirect("/models", 303);
  });
}

function rowOf(state: PullState | undefined): PullRow | undefined {
  if (!state) return undefined;
  const { done = 0, total = 0, bytesPerSecond = 0 } = state.pulling ?? {};
  const { uri, state: how, message, name } = state;
  return { uri, state: how, done, total, bytesPerSecond, message, name };
}
