import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  addConversation,
  addTurn,
  cutAnswers,
  getConversation,
  listTurns,
  searchConversations,
} from "../../../db/conversations.ts";
import { seed } from "../../browser/seed.ts";
import { ANSWER, openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";

let site: TestSite;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 3 }));
});
afterAll(() => site.close());

const get = async (path: string) => (await fetch(site.url + path)).text();
const send = (path: string, fields: Record<string, string>, init: RequestInit = {}) =>
  fetch(site.url + path, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams(fields),
    ...init,
    headers: { origin: site.url, ...init.headers },
  });
const STREAM = { headers: { accept: "text/html, text/event-stream", "hx-request": "true" } };

/** Asks, and returns the conversation's number. */
async function ask(question: string, fields: Record<string, string> = {}): Promise<number> {
  const answer = await send("/ask", { question, ...fields });
  expect(answer.status).toBe(303);
  return Number(/^\/ask\/(\d+)#turn-\d+$/.exec(answer.headers.get("location")!)![1]);
}

describe("a conversation", () => {
  test("is kept with its answers, and goes on", async () => {
    const id = await ask("Since when?");
    expect(await ask("And who rings it?", { conversation: String(id), mode: "compare" })).toBe(id);
    const turns = listTurns(site.db, id);
    expect(turns.map(({ question, mode }) => [question, mode])).toEqual([
      ["Since when?", "weights"],
      ["And who rings it?", "compare"],
    ]);
    expect(turns[0]!.answers).toMatchObject([
      { arm: "learned", versionId: 2, state: "done", text: ANSWER, logprob: -0.25 },
    ]);
    expect(turns[1]!.answers.map(({ arm, versionId }) => [arm, versionId])).toEqual([
      ["learned", 2],
      ["passages", 2],
      ["base", 0],
    ]);
    const page = await get(`/ask/${id}`);
    expect(page).toContain("half sure");
    expect(page).toContain("as they were before anything was learned");
    // The way to answer stays as it was chosen last.
    expect(page).toContain('value="compare" checked');
  });

  test("is renamed, found by what was said in it, saved and deleted", async () => {
    const id = await ask("Whose boat is the Vimbrel?");
    expect((await send(`/ask/${id}/title`, { title: " " })).status).toBe(422);
    expect((await send(`/ask/${id}/title`, { title: "x".repeat(201) })).status).toBe(422);
    await send(`/ask/${id}/title`, { title: "Boats <i>and</i> *owners*" });
    const found = (query: string) => searchConversations(site.db, query, 9).map((it) => it.id);
    expect(found("vimbrel")).toEqual([id]);
    expect(found("owners vimb")).toEqual([id]);
    expect(found("vimbrel ferry")).toEqual([]);
    expect(found('"*:( AND NOT')).toEqual([]);
    expect(await get("/ask?q=vimbrel")).toContain("Boats &lt;i&gt;and");
    const json = await fetch(`${site.url}/ask/${id}/export.json`);
    expect(json.headers.get("content-disposition")).toContain(`selkie-conversation-${id}.json`);
    expect(await json.json()).toMatchObject({ id, turns: [{ answers: [{ text: ANSWER }] }] });
    const markdown = await get(`/ask/${id}/export.md`);
    expect(markdown).toStartWith("# Boats &lt;i&gt;and&lt;/i&gt; \\*owners\\*\n");
    expect(markdown).toContain(`> ${ANSWER}`);
    expect(markdown).toContain("From the weights of version 2");
    await send(`/ask/${id}/delete`, {});
    expect(getConversation(site.db, id)).toBeUndefined();
    expect(listTurns(site.db, id)).toEqual([]);
    expect(found("vimbrel")).toEqual([]);
    expect((await fetch(`${site.url}/ask/${id}`)).status).toBe(404);
    expect((await send("/ask", { question: "x", conversation: String(id) })).status).toBe(404);
  });

  test("takes questions from two tabs, and shows each tab both", async () => {
    const id = await ask("First?");
    const conversation = String(id);
    const [one, two] = await Promise.all(
      ["From here?", "From there?"].map(async (question) =>
        (await send("/ask", { question, conversation }, STREAM)).text(),
      ),
    );
    expect(listTurns(site.db, id).map(({ answers }) => answers[0]!.state)).toEqual([
      "done",
      "done",
      "done",
    ]);
    expect(one).toContain("From here?");
    expect(two).toContain("From there?");
    expect(await get(`/ask/${id}`)).toContain("From here?");
  });

  test("on the command line is found and saved", async () => {
    const id = String(await ask("How deep is the Kolm?"));
    const { root } = site.instance.home;
    const cli = (...args: string[]) => runCli(["conversation", ...args], { cwd: root, home: root });
    expect((await cli("search", "kolm", "--json")).json().conversations).toMatchObject([
      { questions: 1 },
    ]);
    expect((await cli("export", id, "--format", "json", "--out", "c.json")).code).toBe(0);
    expect(await Bun.file(`${root}/c.json`).json()).toMatchObject({ id: Number(id) });
    const none = await cli("delete", "999");
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("no conversation")]);
  }, 60_000);
});

describe("an answer", () => {
  test("whose reader goes away is kept as far as it was said, and marked", async () => {
    const gone = new AbortController();
    const answer = await send("/ask", { question: "Cut?" }, { ...STREAM, signal: gone.signal });
    const reader = answer.body!.getReader();
    let heard = "";
    while (!heard.includes("1933")) heard += new TextDecoder().decode((await reader.read()).value);
    gone.abort();
    const id = Number(/\/ask\/(\d+)/.exec(heard)![1]);
    const said = () => listTurns(site.db, id)[0]!.answers[0]!;
    while (said().state === "writing") await Bun.sleep(10);
    expect(said().state).toBe("cut");
    expect(ANSWER).toStartWith(said().text);
    expect(said().text).toContain("1933");
    expect(await get(`/ask/${id}`)).toContain("cut off");
  });

  test("that a server left behind is marked when the next one starts", () => {
    const { id: conversationId } = addConversation(site.db, { title: "Left", versionId: 0 });
    const asked = [{ arm: "learned", versionId: 0 }] as const;
    addTurn(site.db, { conversationId, question: "Left?", mode: "weights" }, [...asked]);
    cutAnswers(site.db);
    expect(listTurns(site.db, conversationId)[0]!.answers[0]!.state).toBe("cut");
  });

  test("that waits says for what", async () => {
    const training = { step: 3, steps: 9, epoch: 1, loss: 1, learningRate: 1, tokensPerSecond: 9 };
    site.show(
      { phase: "working", jobId: 1, title: "" },
      {
        ...{ jobId: 1, title: "The Kolm", stage: "train", detail: "Training candidate 2 of 3" },
        training: { ...training, secondsLeft: 12 },
      },
    );
    const text = await (await send("/ask", { question: "Busy?" }, STREAM)).text();
    expect(text).toContain("busy with “The Kolm” (Training candidate 2 of 3, about 12 s left)");
    site.show({ phase: "idle" });
  });

  test("that fails says why, in the conversation", async () => {
    const { runtime } = site.instance;
    const { RequestError } = await import("../../../app/errors.tsx");
    site.instance.runtime = () =>
      ({
        context: {
          generator: async () => {
            throw new RequestError(422, "The prompt has 900 tokens and the model reads 512.");
          },
        },
      }) as never;
    const id = await ask("Too long?");
    site.instance.runtime = runtime;
    expect(await get(`/ask/${id}`)).toContain("the model reads 512");
    expect(listTurns(site.db, id)[0]!.answers[0]).toMatchObject({ state: "failed", text: "" });
  });

  test("to HTML, long words and text from right to left is shown as text", async () => {
    const question = `<script>alert(1)</script> ${"x".repeat(500)} متى؟`;
    const page = await get(`/ask/${await ask(question)}`);
    expect(page).not.toContain("<script>alert");
    expect(page).toContain(`&lt;script&gt;alert(1)&lt;/script&gt; ${"x".repeat(500)} متى؟`);
    expect(page).toContain('<h3 class="question" dir="auto">');
  });

  test("to nothing, or in no known way, is refused", async () => {
    for (const fields of [
      { question: "" },
      { question: "x".repeat(2001) },
      { question: "x", mode: "psychic" },
    ]) {
      expect((await send("/ask", fields as Record<string, string>)).status).toBe(422);
    }
    expect((await send("/ask", { question: "x", conversation: "0" })).status).toBe(404);
  });
});
