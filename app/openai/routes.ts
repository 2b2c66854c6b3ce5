import type { Hono } from "hono";
import { conversationPrompt, NEXT_QUESTION } from "../../agent/conversation.ts";
import type { GenerateRequest } from "../../agent/generator/types.ts";
import type { Version } from "../../db/versions.ts";
import { allow } from "../access.ts";
import { RequestError } from "../errors.tsx";
import type { Site, SiteEnv } from "../site.ts";
import { answer } from "./answer.ts";
import { complete, repeated, samplingOf, stopsOf, type Watcher } from "./complete.ts";
import { CHAT, TEXT } from "./form.ts";
import { findModel, listModels, modelId } from "./models.ts";
import { readRequest } from "./request.ts";
import { ChatRequest, CompletionRequest, EmbeddingRequest } from "./schemas.ts";
import { bySkill, findSkillModel } from "./skill.ts";

/** OpenAI's interface: every kept version of what was learned is a model. */
export function openaiRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  app.use("/v1/*", allow(site, "chat"));

  app.get("/v1/models", (c) => c.json({ object: "list", data: listModels(instance) }));

  app.get("/v1/models/:id{.+}", (c) => {
    const id = c.req.param("id");
    if (!findSkillModel(instance, id)) findModel(instance, id);
    const found = listModels(instance).find((model) => model.id === id);
    return c.json(found ?? { ...listModels(instance)[0]!, id });
  });

  const byVersion = (model: string, requests: GenerateRequest[]) => {
    const which = findModel(instance, model);
    return {
      write: (signal: AbortSignal, watcher?: Watcher) =>
        complete(site, which, requests, signal, watcher),
      model: (version: Version | undefined) => modelId(instance, version),
    };
  };

  app.post("/v1/chat/completions", async (c) => {
    const request = await readRequest(c, ChatRequest);
    const messages = request.messages.map(({ role, content }) => ({
      role: role === "developer" ? ("system" as const) : role,
      content: [content].flat().map(textOf).join("\n"),
    }));
    const skill = findSkillModel(instance, request.model);
    const times = skill ? 1 : (request.n ?? 1);
    const stops = [...stopsOf(request), NEXT_QUESTION];
    const sampled = () =>
      repeated([conversationPrompt(messages)], times, samplingOf(request), stops);
    return answer(c, site, {
      ...(skill
        ? bySkill(instance, skill, messages.at(-1)!.content)
        : byVersion(request.model, sampled())),
      times,
      form: CHAT,
      stream: request.stream === true,
      includeUsage: request.stream_options?.include_usage === true,
      trim: true,
    });
  });

  app.post("/v1/completions", async (c) => {
    const request = await readRequest(c, CompletionRequest);
    const times = request.n ?? 1;
    return answer(c, site, {
      ...byVersion(
        request.model,
        repeated([request.prompt].flat(), times, samplingOf(request), stopsOf(request)),
      ),
      times,
      form: TEXT,
      stream: request.stream === true,
      includeUsage: request.stream_options?.include_usage === true,
      trim: false,
    });
  });

  app.post("/v1/embeddings", async (c) => {
    const { model, input, encoding_format } = await readRequest(c, EmbeddingRequest);
    const name = `${instance.config.model.name}:base`;
    if (findModel(instance, model) !== "base") {
      throw new RequestError(
        400,
        `Embeddings are made by the untouched base, so that they stay comparable while the model learns: ask for the model ${name}.`,
        { code: "unsupported-model", param: "model" },
      );
    }
    const generator = await instance.runtime().context.generator();
    const signal = c.req.raw.signal;
    const { vectors, tokens } = await generator.embed([input].flat(), { signal });
    return c.json({
      object: "list",
      model: name,
      data: vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: encoding_format === "base64" ? base64(vector) : vector,
      })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  });
}

function textOf(part: string | { text: string }): string {
  return typeof part === "string" ? part : part.text;
}

/** Little-endian floats of 32 bits, as OpenAI's clients ask for. */
function base64(vector: number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}
