import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import OpenAI, {
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  PermissionDeniedError,
} from "openai";
import { baseFingerprint } from "../../../agent/model.ts";
import { forgetSkill, requestSkill } from "../../../agent/skills/request.ts";
import { parseTaskText } from "../../../agent/skills/task.ts";
import { issueToken } from "../../../app/tokens.ts";
import { changeSkill } from "../../../db/skills.ts";
import { listVersions } from "../../../db/versions.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";
import { openServed, type Served } from "../../support/served.ts";
import { commitRandomVersion } from "../../support/versions.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(60_000);

let served: Served;
let client: OpenAI;
beforeAll(async () => {
  served = await openServed(({ root }) => {
    const model = join(root, "tiny.gguf");
    // With an output of its own it does not say the same letter for ever.
    const metadata = { "llama.pooling_type": { u32: 1 } };
    writeRandomModel(model, SMALL, 1, { untied: true, metadata });
    return { SELKIE_MODEL: model };
  });
  for (const seed of [1, 2]) await commitRandomVersion(served.instance, SMALL, seed);
  client = new OpenAI({ baseURL: `${served.url}/v1`, apiKey: "none needed", maxRetries: 0 });
});
afterAll(() => served.close());

const messages = [{ role: "user" as const, content: "When does the ferry leave?" }];
const short = { messages, max_tokens: 12 };

async function said(model: string, more = {}): Promise<string> {
  const answer = await client.chat.completions.create({ model, ...short, ...more });
  return answer.choices[0]!.message.content!;
}

describe("models", () => {
  test("are the newest version, each version and the base", async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(["tiny:latest", "tiny:v2", "tiny:v1", "tiny:base"]);
    const one = await client.models.retrieve("tiny:v1");
    expect(one).toMatchObject({ id: "tiny:v1", object: "model", owned_by: "selkie" });
    expect(Math.abs(one.created - Date.now() / 1000)).toBeLessThan(600);
  });

  test("answer differently, and each like itself whatever was asked in between", async () => {
    const [base, first, second] = [
      await said("tiny:base"),
      await said("tiny:v1"),
      await said("tiny:v2"),
    ];
    expect(new Set([base, first, second]).size).toBe(3);
    expect(await said("tiny:base")).toBe(base);
    expect(await said("tiny:v1")).toBe(first);
    expect(await said("tiny:latest")).toBe(second);
  });

  test("that are not there are told in OpenAI's form", async () => {
    for (const model of ["tiny:v3", "gpt-4", "tiny:v1:v1", "tiny:v01"]) {
      const error = await said(model).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ code: "model_not_found", param: "model" });
      expect(String(error)).toContain("GET /v1/models");
    }
  });
});

describe("a skill", () => {
  test("is a model that takes the last message as its task's input", async () => {
    const { db } = served.instance;
    const task = parseTaskText("a\n>\nx\n\nb\n>\nx\n\nc\n>\nx\n\nd");
    const { skill } = requestSkill(db, "to x", task);
    const learning = client.chat.completions.create({ model: "skill:to x", messages });
    await expect(Promise.resolve(learning)).rejects.toThrow("still being learned");
    const { file, sha256 } = listVersions(db)[0]!;
    changeSkill(db, skill.id, { state: "ready", file, sha256, model: baseFingerprint(db) });

    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids.at(-1)).toBe("skill:to x");
    const answer = await client.chat.completions.create({ model: "skill:to x", messages });
    expect(answer.model).toBe("skill:to x");
    const { content } = answer.choices[0]!.message;
    expect(content!.length).toBeGreaterThan(0);
    expect(answer.usage!.completion_tokens).toBeGreaterThan(0);
    const stream = await client.chat.completions.create({
      ...{ model: "skill:to x", messages, stream: true },
    });
    let streamed = "";
    for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? "";
    expect(streamed.trim()).toBe(content!.trim());
    await said("tiny:v1");
    const nobody = Promise.resolve(client.models.retrieve("skill:of nobody"));
    await expect(nobody).rejects.toThrow(NotFoundError);
    forgetSkill(db, served.instance.home, skill);
  });
});

describe("a chat", () => {
  test("is answered with the model that answered and its tokens", async () => {
    const answer = await client.chat.completions.create({ model: "tiny", ...short });
    expect(answer).toMatchObject({ object: "chat.completion", model: "tiny:v2" });
    const [choice] = answer.choices;
    expect(choice!.message.role).toBe("assistant");
    expect(["stop", "length"]).toContain(choice!.finish_reason);
    // One token per byte, and one at the beginning.
    const prompt = "Question: When does the ferry leave?\nAnswer:";
    expect(answer.usage!.prompt_tokens).toBe(prompt.length + 1);
    expect(answer.usage!.completion_tokens).toBeLessThanOrEqual(12);
  });

  test("streams what it answers as a whole, and its usage if asked", async () => {
    const whole = await said("tiny:v1");
    const stream = await client.chat.completions.create({
      model: "tiny:v1",
      ...short,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(text.trim()).toBe(whole);
    expect(chunks[0]!.choices[0]!.delta.role).toBe("assistant");
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBeTruthy();
    expect(chunks.at(-1)!.choices).toEqual([]);
    expect(chunks.at(-1)!.usage!.completion_tokens).toBeGreaterThan(0);
    expect(new Set(chunks.map(({ id, model }) => `${id} ${model}`)).size).toBe(1);
  });

  test("has several answers, the same again for a seed", async () => {
    const sampled = { model: "tiny:base", ...short, temperature: 1, n: 3, seed: 7 };
    const texts = async () =>
      (await client.chat.completions.create(sampled)).choices.map((it) => it.message.content);
    const first = await texts();
    expect(new Set(first).size).toBe(3);
    expect(await texts()).toEqual(first);
  });

  test("reads parts, systems and what was said before", async () => {
    const answer = await client.chat.completions.create({
      model: "tiny:base",
      max_tokens: 1,
      messages: [
        { role: "system", content: "You know ferries." },
        { role: "user", content: [{ type: "text", text: "Who\n rows?" }] },
        { role: "assistant", content: "Nobody." },
        ...messages,
      ],
    });
    const prompt =
      "You know ferries.\n\nQuestion: Who rows?\nAnswer: Nobody.\nQuestion: When does the ferry leave?\nAnswer:";
    expect(answer.usage!.prompt_tokens).toBe(prompt.length + 1);
  });

  test("can be given up, and the next is answered", async () => {
    const stop = new AbortController();
    const stream = await client.chat.completions.create(
      { model: "tiny:base", messages, max_tokens: 400, stream: true, temperature: 1.5 },
      { signal: stop.signal },
    );
    await (async () => {
      for await (const _ of stream) stop.abort();
    })().catch(() => {});
    expect(await said("tiny:base")).toBe(await said("tiny:base"));
  });
});

describe("a completion", () => {
  test("goes on with each prompt, until a stop string", async () => {
    const answer = await client.completions.create({
      model: "tiny:base",
      prompt: ["The ferry", "The ship"],
      max_tokens: 20,
    });
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1]);
    const whole = answer.choices[0]!.text;
    const stop = whole.slice(3, 6);
    const cut = await client.completions.create({
      model: "tiny:base",
      prompt: "The ferry",
      max_tokens: 20,
      stop,
    });
    expect(cut.choices[0]!.text).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(cut.choices[0]!.finish_reason).toBe("stop");
  });

  test("streams", async () => {
    const wanted = { model: "tiny:base", prompt: "The ferry", max_tokens: 8 };
    const whole = (await client.completions.create(wanted)).choices[0]!.text;
    const stream = await client.completions.create({ ...wanted, stream: true });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map((chunk) => chunk.choices[0]?.text ?? "").join("")).toBe(whole);
  });
});

describe("embeddings", () => {
  test("are unit vectors of the base, the same in both encodings", async () => {
    const input = ["a ferry", "a ship", "a ferry"];
    const model = "tiny:base";
    // The client asks for base64 by itself.
    const packed = await client.embeddings.create({ model, input });
    const plain = await client.embeddings.create({ model, input, encoding_format: "float" });
    expect(packed.data).toHaveLength(3);
    expect(packed.data[0]!.embedding).toHaveLength(SMALL.width);
    for (const [i, { embedding }] of plain.data.entries()) {
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
      for (const [j, value] of embedding.entries()) {
        expect(packed.data[i]!.embedding[j]!).toBeCloseTo(value, 6);
      }
    }
    expect(plain.data[0]!.embedding).toEqual(plain.data[2]!.embedding);
    expect(plain.data[0]!.embedding).not.toEqual(plain.data[1]!.embedding);
  });

  test("are refused of what learns, and by models that were not made for it", async () => {
    const moving = await client.embeddings
      .create({ model: "tiny:latest", input: "a ferry" })
      .catch((error: unknown) => error);
    expect(moving).toBeInstanceOf(BadRequestError);
    expect(String(moving)).toContain("tiny:base");
    const plain = await openServed(({ root }) => {
      writeRandomModel(join(root, "plain.gguf"));
      return { SELKIE_MODEL: join(root, "plain.gguf") };
    });
    try {
      const other = new OpenAI({ baseURL: `${plain.url}/v1`, apiKey: "none", maxRetries: 0 });
      const error = await other.embeddings
        .create({ model: "plain:base", input: "a ferry" })
        .catch((error: unknown) => error);
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error).toMatchObject({ code: "no_embeddings" });
    } finally {
      await plain.close();
    }
  });
});

describe("what cannot be done", () => {
  test("is refused by its name", async () => {
    const cases: [object, string, string][] = [
      [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools", "unsupported"],
      [{ logprobs: true }, "logprobs", "unsupported"],
      [{ response_format: { type: "json_object" } }, "response_format", "unsupported"],
      [{ temperature: 3 }, "temperature", "temperature"],
      [{ n: 9 }, "n", "n"],
      [{ messages: [] }, "messages", "There is no message"],
      [{ messages: [{ role: "tool", content: "x" }] }, "messages.0.role", "tools"],
      [{ max_tokens: 0 }, "max_tokens", "max_tokens"],
    ];
    for (const [more, param, words] of cases) {
      const error = await said("tiny:base", more).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(BadRequestError);
      expect([more, (error as BadRequestError).param]).toEqual([more, param]);
      expect(String(error)).toContain(words === "unsupported" ? "is not supported here" : words);
    }
  });

  test("is refused before a stream begins", async () => {
    const long = [{ role: "user" as const, content: "ferry ".repeat(200) }];
    const error = await client.chat.completions
      .create({ model: "tiny:base", messages: long, stream: true })
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ status: 422, code: "context_length_exceeded" });
  });

  test("no JSON at all", async () => {
    const headers = { "content-type": "application/json" };
    const url = `${served.url}/v1/chat/completions`;
    const response = await fetch(url, { method: "POST", headers, body: "{" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_json" } });
    expect((await fetch(`${served.url}/v1/nope`)).status).toBe(404);
  });

  test("a version whose file is gone", async () => {
    const version = await commitRandomVersion(served.instance, SMALL, 3);
    rmSync(join(served.instance.home.adapters, version.file));
    expect(await said(`tiny:v${version.id}`).catch((error: unknown) => error)).toBeInstanceOf(
      NotFoundError,
    );
    // The newest is refused for good, and the one before it answers.
    const answer = await client.chat.completions.create({ model: "tiny:latest", ...short });
    expect(answer.model).toBe("tiny:v2");
  });
});

describe("keys", () => {
  const asked = (apiKey: string, url = served.url) =>
    new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }).models
      .list()
      .then(() => "answered")
      .catch((error: unknown) => error);

  test("of Selkie's own must be valid and have the scope, everywhere", async () => {
    const chat = issueToken(served.db, { name: "chat", scopes: ["chat"] });
    const admin = issueToken(served.db, { name: "admin", scopes: ["admin"] });
    const read = issueToken(served.db, { name: "read", scopes: ["read"] });
    const old = issueToken(served.db, { name: "old", scopes: ["chat"], expiresAt: Date.now() - 1 });
    expect(await asked(chat.key)).toBe("answered");
    expect(await asked(admin.key)).toBe("answered");
    expect(await asked(read.key)).toBeInstanceOf(PermissionDeniedError);
    expect(await asked(old.key)).toBeInstanceOf(AuthenticationError);
    expect(await asked(`${chat.key}x`)).toBeInstanceOf(AuthenticationError);
  });

  test("are needed where others can reach it", async () => {
    const open = await openServed(() => ({
      SELKIE_HOST: "0.0.0.0",
      SELKIE_PASSWORD: "a ferry at nine",
    }));
    try {
      const url = open.url.replace("0.0.0.0", "127.0.0.1");
      const { key, token } = issueToken(open.db, { name: "chat", scopes: ["chat"] });
      expect(await asked("none", url)).toBeInstanceOf(AuthenticationError);
      const bare = await fetch(`${url}/v1/models`);
      expect(bare.status).toBe(401);
      expect(bare.headers.get("www-authenticate")).toContain("Bearer");
      expect(await asked(key, url)).toBe("answered");
      expect(JSON.stringify(token)).not.toContain(key);
    } finally {
      await open.close();
    }
  });
});
