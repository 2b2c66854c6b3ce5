import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { Learner } from "../../../app/learner.ts";
import { listJobs } from "../../../db/jobs.ts";
import { seed } from "../../browser/seed.ts";
import { ANSWER, openSite, type TestSite } from "../../browser/site.ts";

const FRAGMENT = { "hx-request": "true" };

let site: TestSite;
let empty: TestSite;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 9 }));
  empty = await openSite(() => {}, { SELKIE_MAX_DOCUMENT_MB: "0.01" });
});
afterAll(async () => {
  await Promise.all([site.close(), empty.close()]);
});

function send(on: TestSite, path: string, fields: Record<string, string>, headers = {}) {
  return fetch(on.url + path, {
    method: "POST",
    redirect: "manual",
    headers: { origin: on.url, ...headers },
    body: new URLSearchParams(fields),
  });
}

describe("every answer", () => {
  test("forbids code from elsewhere, frames and guessing", async () => {
    for (const path of ["/", "/passages/1", "/nope", "/public/selkie.css", "/api/status"]) {
      const { headers } = await fetch(site.url + path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("strict-transport-security")).toBeNull();
    }
  });

  test("is for the names of this machine only, where it listens to nobody else", async () => {
    const port = new URL(site.url).port;
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect((await fetch(site.url, { headers: { host } })).status).toBe(200);
    }
    const { status } = await fetch(site.url, { headers: { host: "evil.example" } });
    expect(status).toBe(403);
  });
});

describe("forms", () => {
  test("of other sites are refused", async () => {
    for (const headers of [{ origin: "https://evil.example" }, { origin: "null" }]) {
      const response = await send(empty, "/sources", { text: "x" }, headers);
      expect(response.status).toBe(403);
      expect(await response.text()).toContain("did not come from Selkie");
    }
    expect(listJobs(empty.db, "queued")).toEqual([]);
  });

  test("lead back to the overview, which says what was queued", async () => {
    const fields = { title: "A ferry", text: "The ferry leaves at nine." };
    const first = await send(empty, "/sources", fields);
    expect(first.status).toBe(303);
    const [job] = listJobs(empty.db, "queued");
    expect(first.headers.get("location")).toBe(`/?queued=${job!.id}#add`);
    const page = await (await fetch(`${empty.url}/?queued=${job!.id}`)).text();
    expect(page).toContain("Queued: A ferry");
    const again = await send(empty, "/sources", fields);
    expect(again.headers.get("location")).toBe(`/?queued=${job!.id}&again=1#add`);
    expect(listJobs(empty.db, "queued")).toHaveLength(1);
  });

  test("with nothing in them, or nothing that can be read, are refused with a sentence", async () => {
    const cases: [Record<string, string>, number, string][] = [
      [{}, 422, "Nothing was handed in"],
      [{ url: "  ", text: "\n" }, 422, "Nothing was handed in"],
      [{ url: "file:///etc/passwd" }, 422, "begins with http:// or https://"],
      [{ text: "x".repeat(20_000) }, 413, "may have at most"],
    ];
    for (const [fields, status, words] of cases) {
      const response = await send(empty, "/sources", fields, FRAGMENT);
      expect([fields, response.status]).toEqual([fields, status]);
      const html = await response.text();
      expect(html).toContain(words);
      expect(html).toStartWith('<p class="note note-error" role="alert"');
    }
  });

  test("that are no forms are refused with a sentence", async () => {
    const headers = { origin: empty.url, "content-type": "multipart/form-data; boundary=x" };
    const response = await fetch(`${empty.url}/sources`, {
      method: "POST",
      headers,
      body: "nonsense",
    });
    expect([400, 422]).toContain(response.status);
    expect(await response.text()).not.toContain(" at ");
  });

  test("that are far too large are refused before they are held", async () => {
    const body = new FormData();
    body.set("file", new File([new Uint8Array(2_000_000)], "big.txt"));
    const headers = { origin: empty.url };
    const response = await fetch(`${empty.url}/sources`, { method: "POST", headers, body });
    expect(response.status).toBe(413);
    expect(await response.text()).toContain("SELKIE_MAX_DOCUMENT_MB");
  });
});

describe("questions", () => {
  test("are answered on a page, or message by message", async () => {
    const asked = await send(site, "/ask", { question: "Since when?" });
    const page = await fetch(site.url + asked.headers.get("location"));
    expect(await page.text()).toContain(ANSWER);
    const accept = { accept: "text/html, text/event-stream", ...FRAGMENT };
    const stream = await send(site, "/ask", { question: "Since when?" }, accept);
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    const text = await stream.text();
    const messages = text.split("\n\n").filter((message) => message.startsWith("data:"));
    expect(messages.length).toBeGreaterThan(1);
    expect(text).toContain("Waiting for the model");
    expect(messages.at(-1)).toContain(ANSWER);
    expect(messages.at(-1)).toContain("version 6");
  });

  test("that are none, or too long, are refused", async () => {
    expect((await send(site, "/ask", { question: "  " })).status).toBe(422);
    expect((await send(site, "/ask", { question: "x".repeat(2001) })).status).toBe(422);
  });

  test("that the model cannot answer say why, in place", async () => {
    const { runtime } = site.instance;
    const broken = await openSite();
    broken.instance.runtime = () => ({
      ...runtime(),
      context: {
        generator: async () => {
          throw new Error("secret of the inside");
        },
      } as never,
    });
    const accept = { accept: "text/event-stream", ...FRAGMENT };
    const text = await (await send(broken, "/ask", { question: "Why?" }, accept)).text();
    expect(text).toContain("Something went wrong");
    expect(text).not.toContain("secret");
    await broken.close();
  });
});

describe("pages", () => {
  test("that do not exist are told so, as a page, a fragment or JSON", async () => {
    for (const path of [
      "/nope",
      "/passages/999",
      "/passages/0",
      "/passages/-1",
      "/passages/1e3",
      "/passages/99999999999999999999",
      "/passages?page=7",
      "/passages?page=x",
      "/updates/999/losses.svg",
    ]) {
      const response = await fetch(site.url + path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.text()).toContain("Back to the overview");
    }
    const fragment = await fetch(`${site.url}/nope`, { headers: FRAGMENT });
    expect(await fragment.text()).toStartWith("<p");
    const json = await fetch(`${site.url}/api/nope`);
    expect(await json.json()).toHaveProperty("error");
  });

  test("show what was learned", async () => {
    const home = await (await fetch(site.url)).text();
    expect(home).toContain("version 6 answers now");
    expect(home).toContain('alt="Accuracy matrix, 6 updates by 6 passages.');
    const passage = await (await fetch(`${site.url}/passages/1`)).text();
    expect(passage).toContain("Kept as version 1.");
    expect(passage.match(/<article class="candidate/g)).toHaveLength(3);
    const picture = await fetch(`${site.url}/updates/1/losses.svg?theme=dark`);
    expect(picture.headers.get("content-type")).toBe("image/svg+xml");
  });

  test("of an empty instance have no picture to show", async () => {
    expect((await fetch(`${empty.url}/matrix/picture`)).status).toBe(404);
    expect(await (await fetch(`${empty.url}/matrix.csv`)).text()).toBe("update,version\r\n");
    expect(await (await fetch(`${empty.url}/passages`)).text()).toContain("There is nothing here.");
  });
});

describe("numbers", () => {
  test("of the matrix are those of the report", async () => {
    const { report } = await import("../../../agent/measure/report.ts");
    const expected = report(site.db);
    const json = (await (await fetch(`${site.url}/matrix.json`)).json()) as {
      accuracy: (number | null)[][];
      metrics: object;
    };
    expect(json.accuracy).toEqual(expected.matrix);
    const { logprob, ...metrics } = expected.metrics;
    expect(json.metrics).toEqual({ ...metrics });
    const csv = await (await fetch(`${site.url}/matrix.csv`)).text();
    expect(csv.trim().split("\r\n")).toHaveLength(7);
  });

  test("of each passage are those of the report, too", async () => {
    const { reportPassages } = await import("../../../agent/measure/report.ts");
    const { passageList } = await import("../../../app/facts.ts");
    const { lines } = passageList(site.db, 100);
    for (const { id, after, before, now, decision } of reportPassages(site.db)) {
      const line = lines.find((it) => it.id === id)!;
      const figures = (it: object | undefined) => expect.objectContaining(it ?? {});
      expect(line.before).toEqual(before ? figures(before) : undefined);
      expect(line.after).toEqual(decision === "learned" ? figures(after!) : undefined);
      expect(line.now).toEqual(now ? figures(now) : undefined);
    }
  });

  test("for programs: health and status", async () => {
    expect(await (await fetch(`${site.url}/healthz`)).json()).toEqual({ status: "ok" });
    const status = await (await fetch(`${site.url}/api/status`)).json();
    expect(status).toMatchObject({
      version: 6,
      loop: "here",
      jobs: { queued: 2, failed: 1 },
      documents: 11,
      passages: { learned: 6, known: 1, rejected: 1, failed: 1, new: 2 },
    });
  });
});

describe("the stream", () => {
  test("ends with the server, and a stopped server has nobody left to wait for", async () => {
    const short = await openSite();
    const response = await fetch(`${short.url}/events`);
    const reader = response.body!.getReader();
    await reader.read();
    const start = performance.now();
    await short.close();
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("sends what a page missed, and nothing that it has", async () => {
    const first = await fetch(`${site.url}/events`);
    const reader = first.body!.getReader();
    let text = "";
    while (!/\nid: \S+\n/.test(text)) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    expect(text).toContain('<hx-partial hx-target="#log"');
    const id = /\nid: (\S+)\n/.exec(text)![1]!;
    const again = await fetch(`${site.url}/events`, { headers: { "last-event-id": id } });
    const second = again.body!.getReader();
    let later = "";
    while (!later.includes("still here")) {
      later += new TextDecoder().decode((await second.read()).value);
    }
    await second.cancel();
    expect(later).not.toContain("hx-partial");
  });

  test("of somebody who hung up is forgotten", async () => {
    const { hostname, port } = new URL(site.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /events HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    expect((await fetch(`${site.url}/healthz`)).status).toBe(200);
  });
});

test("a port that is taken is told in a sentence", async () => {
  const { startServer } = await import("../../../app/server.tsx");
  const config = { ...site.instance.config, port: Number(new URL(site.url).port) };
  const learner: Learner = {
    state: () => ({ phase: "idle" }),
    progress: () => undefined,
    subscribe: () => () => {},
    ended: Promise.resolve(),
  };
  const start = startServer({ ...site.instance, config }, learner);
  expect(start).rejects.toThrow("listens on");
});
