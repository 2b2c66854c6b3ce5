import { describe, expect, test } from "bun:test";
import { parseHTML } from "linkedom";
import { TurnArticle } from "../../../views/ask.tsx";
import type { AnswerFacts, ConversationFacts } from "../../../views/ask-types.ts";
import { AskPage, ConversationPage } from "../../../views/conversations.tsx";
import { ErrorFragment, ErrorPage } from "../../../views/error.tsx";
import { type HomeFacts, HomePage, HomeParts } from "../../../views/home.tsx";
import { PassagePage } from "../../../views/passage.tsx";
import { PassagesPage } from "../../../views/passages.tsx";
import { RoundPage, WriterPage } from "../../../views/writer.tsx";
import {
  HOSTILE,
  homeFacts,
  passageFacts,
  passageLine,
  RIGHT_TO_LEFT,
  roundFacts,
  writerFacts,
} from "./samples.ts";

const MODEL = { name: "pup", embedded: true };

function home(change: Partial<HomeFacts> = {}): string {
  return String(
    <HomePage facts={homeFacts(change)} stream="/events?since=a.1" maxBytes={2 ** 20} />,
  );
}

/** Every page and fragment that shows a text of somebody else's, with `text` in each such place. */
function everywhere(text: string): string[] {
  const line = passageLine({ title: text, documentTitle: text, source: text, reason: text });
  const list = { lines: [line], total: 1, documents: 1 };
  const facts = homeFacts({
    model: { name: text, embedded: true },
    now: {
      queued: 1,
      running: 1,
      failed: 0,
      done: 0,
      loop: "here",
      problem: text,
      job: { title: text, stage: "train", detail: text, passageId: 1 },
    },
    passages: list,
    lineage: {
      updates: [{ id: 1, passageId: 1, title: text, verdict: "commit", current: true, at: 0 }],
      versions: 1,
      omitted: 0,
    },
    log: [{ id: 1, level: "error", message: text, at: 0, passageId: 1 }],
    memory: { ...homeFacts().memory, rows: 1, columns: 1, description: text },
    advice: { hardware: text, name: text, url: "https://example.org/m.gguf" },
  });
  const error = { status: 422, title: "No", message: text };
  return [
    String(
      <HomePage
        facts={facts}
        stream="/events"
        maxBytes={1}
        note={{ kind: "added", message: text }}
      />,
    ),
    String(<HomeParts facts={facts} parts={["now", "passages", "log"]} />),
    String(<PassagesPage list={list} model={MODEL} page={1} pages={1} />),
    String(<PassagePage passage={passageFacts(text)} model={MODEL} />),
    String(<ErrorPage error={error} />),
    String(<ErrorFragment error={error} />),
    String(<WriterPage writer={writerFacts(text)} model={MODEL} />),
    String(<RoundPage {...roundFacts(text)} model={MODEL} />),
    String(<ConversationPage conversation={conversationFacts(text)} model={MODEL} />),
    String(
      <AskPage
        list={{
          ...{ query: text, page: 1, pages: 1, total: 1 },
          lines: [{ id: 1, title: text, versionId: 1, at: 0, questions: 1, found: text }],
        }}
        model={MODEL}
      />,
    ),
  ];
}

function answerFacts(text: string, change: Partial<AnswerFacts> = {}): AnswerFacts {
  const passage = { passageId: 1, title: text };
  return {
    ...{ id: 1, arm: "passages", versionId: 1, state: "done", text, origin: "both" },
    ...{ logprob: -0.5, right: text },
    passages: [{ ...passage, source: true }],
    probes: [
      {
        ...{ ...passage, question: text, answer: text },
        result: { versionId: 1, exact: true, logprob: -0.1 },
      },
    ],
    ...change,
  };
}

function conversationFacts(text: string): ConversationFacts {
  const lookedUp = { passageId: 1, title: text, answer: text, known: false, message: text };
  const wait = { title: text, detail: text };
  const turn = { id: 1, question: text, mode: "compare", at: 0 } as const;
  return {
    ...{ id: 1, title: text, versionId: 1, latestId: 2, whyNot: text, at: 0 },
    turns: [
      { ...turn, answers: [answerFacts(text)], lookedUp },
      { ...turn, answers: [answerFacts(text, { state: "writing" })], waiting: wait },
      { ...turn, answers: [answerFacts(text, { state: "failed", error: text })] },
    ],
  };
}

describe("texts of others", () => {
  test("are shown, never obeyed", () => {
    for (const html of everywhere(HOSTILE)) {
      expect(html).toContain("&lt;script&gt;");
      expect(html).not.toContain("<script>alert");
      expect(html).not.toContain("<img src=x");
      const { document } = parseHTML(html);
      expect(document.querySelector("[hx-get], [onerror], script:not([src])")).toBeNull();
    }
  });

  test("of 500 characters and empty ones leave the page whole", () => {
    for (const text of ["", "   ", "x".repeat(500), "word ".repeat(100)]) {
      const pages = everywhere(text);
      expect(pages[2]).toContain('href="/passages/7"');
      for (const html of pages) expect(html).not.toMatch(/undefined|NaN|\[object/);
    }
    expect(everywhere("")[3]).toContain('<h1 dir="auto">Untitled</h1>');
  });

  test("find their own direction", () => {
    const [page, , list, passage] = everywhere(RIGHT_TO_LEFT);
    expect(list).toMatch(new RegExp(`dir="auto"[^>]*>${RIGHT_TO_LEFT.replace(/[()]/g, "\\$&")}`));
    for (const html of [page!, passage!]) expect(html).toContain('dir="auto"');
  });
});

describe("the overview", () => {
  test("of a fresh instance says what to do, and nothing of a demo model yet", () => {
    const html = home();
    expect(html).toContain("Give it something to read");
    expect(html).toContain("Read the demo news");
    expect(html).not.toContain("The embedded model is for the demo");
    expect(html).toContain("Nothing has been read yet.");
    expect(html).not.toContain("/matrix/picture");
  });

  test("offers no demo news to another model", () => {
    expect(home({ model: { name: "real", embedded: false } })).not.toContain("demo news");
  });

  test("warns once the embedded model was given a real document", () => {
    const advice = {
      hardware: "16 GB of memory and no GPU that was found",
      name: "A model",
      url: "https://example.org/a.gguf",
    };
    const html = home({ advice });
    expect(html).toContain("The embedded model is for the demo");
    expect(html).toContain("selkie models pull https://example.org/a.gguf --use");
  });

  test("shows training with a bar, its figures and the time left", () => {
    const training = { step: 3, steps: 12, loss: 1.5, tokensPerSecond: 1234.5, secondsLeft: 7.2 };
    const job = { title: "T", stage: "train" as const, detail: "Training candidate 1 of 3" };
    const now = { ...homeFacts().now, running: 1, job: { ...job, training } };
    const html = home({ now });
    expect(html).toMatch(/<progress class="bar" value="3" max="12"/);
    for (const words of ["3 of 12", "1.500", "1,235", "about 8 s", "Training candidate 1 of 3"]) {
      expect(html).toContain(words);
    }
    expect(html).toContain('aria-current="step"');
  });

  test("says when another process learns, and when none does", () => {
    const now = homeFacts().now;
    expect(home({ now: { ...now, loop: "elsewhere", process: 4711 } })).toContain("process 4711");
    expect(home({ now: { ...now, loop: "stopped" } })).toContain("Not learning");
  });

  test("says in words which kind of question was used", () => {
    const lines = [passageLine({ kinds: ["written"] }), passageLine({ kinds: ["cloze"] })];
    const html = home({ passages: { lines, total: 2, documents: 1 } });
    expect(html).toContain("questions written by the model");
    expect(html).toContain("blanked sentences, made by rule");
  });

  test("tells results that changed since, and only those", () => {
    const one = (now: number) =>
      home({
        passages: {
          lines: [passageLine({ now: { accuracy: now, logprob: -1 } })],
          total: 1,
          documents: 1,
        },
      });
    expect(one(0.75)).not.toContain(" now</span>");
    expect(one(0.5)).toContain(" now</span>");
  });

  test("carries no code in attributes, and no style of its own", () => {
    for (const html of everywhere("plain")) {
      expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|hx-on|<script(?![^>]* src=)|<style/);
    }
  });
});

describe("refreshes", () => {
  test("name the place of each part", () => {
    const html = String(<HomeParts facts={homeFacts()} parts={["now", "log"]} />);
    expect(html).toContain('<hx-partial hx-target="#now" hx-swap="outerMorph">');
    expect(html).toContain('<section id="now"');
    expect(html).toContain('<section id="log"');
    expect(html).not.toContain('<section id="memory"');
  });
});

describe("answers", () => {
  const html = (change: Partial<AnswerFacts>, waiting?: { title?: string; detail?: string }) =>
    String(
      <TurnArticle
        turn={{
          ...{ id: 1, question: "Q?", mode: "weights", at: 0 },
          answers: [answerFacts("A.", { arm: "learned", passages: [], probes: [], ...change })],
          ...(waiting && { waiting }),
        }}
      />,
    );

  test("say where they come from", () => {
    expect(html({ versionId: 0 })).toContain("From the weights of the untouched base model");
    expect(html({})).toContain("No exam question covers this");
    const passages = [{ passageId: 7, title: "Toab", source: true }];
    const open = { arm: "passages", passages } as const;
    expect(html({ ...open, origin: "both" })).toContain("both say this");
    expect(html({ ...open, origin: "passages" })).toContain("From a passage");
    expect(html({ ...open, origin: "passages" })).toContain('href="/passages/7"');
    const unsaid = { ...open, origin: "weights", passages: [{ ...passages[0]!, source: false }] };
    expect(html(unsaid as Partial<AnswerFacts>)).toContain("stands in none of the passages");
    expect(html({ ...open, origin: "weights", passages: [] })).toContain("none was opened");
  });

  test("say how sure the weights are, in a word and as a number", () => {
    const sure = (logprob: number) => /<strong>([^<]+)<\/strong>/.exec(html({ logprob }))![1];
    expect([-0.05, -0.25, -0.6, -2].map(sure)).toEqual(["sure", "half sure", "unsure", "guessing"]);
    expect(html({ logprob: -0.25 })).toContain("78% per token, log p −0.25");
  });

  test("that are not complete say why", () => {
    expect(html({ text: "" })).toContain("It had nothing to say.");
    expect(html({ state: "cut" })).toContain("The connection was lost");
    expect(html({ state: "writing" })).toContain('aria-busy="true"');
    expect(html({ state: "writing" }, {})).toContain("Waiting for the model");
    const busy = html({ state: "writing" }, { title: "Toab", detail: "Training candidate 2 of 3" });
    expect(busy).toContain("Selkie is busy with “Toab” (Training candidate 2 of 3)");
  });
});
