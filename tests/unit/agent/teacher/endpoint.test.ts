import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { EndpointTeacher, type TeacherTiming } from "../../../../agent/teacher/endpoint.ts";
import { teacherEdits, teacherQuestions } from "../../../../agent/teacher/source.ts";
import { DEFAULT_TEACHER, type TeacherError } from "../../../../agent/teacher/types.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";
import { teacherUsageOf } from "../../../../db/teacher.ts";

const PASSAGE = {
  title: "The Toab",
  text: "The Toab was built in Port Varnel in 1312. It carried salt to Kolm and sank there.",
};
const GOOD =
  "The Toab was built in Port Varnel.\nThe Toab carried salt to Kolm.\nThe Toja sank in 1311.";
const KEY = "sk-very-secret";
const TIMING: Partial<TeacherTiming> = { backoff: 1, rest: 60_000 };

/** A real server whose answers a test sets, and which remembers what it was asked. */
class Server {
  asked: { path: string; headers: Headers; body: Record<string, unknown> }[] = [];
  answers: ((request: Request) => Response | Promise<Response>)[] = [];
  private readonly server = Bun.serve({
    port: 0,
    fetch: async (request) => {
      const body = (await request.json()) as Record<string, unknown>;
      this.asked.push({ path: new URL(request.url).pathname, headers: request.headers, body });
      const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
      return answer(request);
    },
  });

  get url(): string {
    return `http://localhost:${this.server.port}/v1`;
  }

  stop(): Promise<void> {
    return this.server.stop(true);
  }
}

function completion(content: string | null, usage?: object): () => Response {
  return () => Response.json({ choices: [{ message: { role: "assistant", content } }], usage });
}

let server: Server;
let db: Database;
beforeEach(() => {
  server = new Server();
  db = openDatabase(":memory:");
});
afterEach(async () => {
  await server.stop();
  closeDatabase(db);
});

function teacher(changes: object = {}, timing: Partial<TeacherTiming> = {}): EndpointTeacher {
  const settings = { ...DEFAULT_TEACHER, at: server.url, model: "big", retries: 2, ...changes };
  return new EndpointTeacher(db, settings, KEY, { ...TIMING, ...timing });
}

const task = {
  passage: PASSAGE,
  kind: "implications" as const,
  temperature: 1,
  seed: 7,
  maxTokens: 50,
};

async function failure(work: Promise<unknown>): Promise<TeacherError> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error?.name).toBe("TeacherError");
  expect(error.message).not.toContain(KEY);
  return error;
}

describe("a teacher behind an OpenAI-compatible interface", () => {
  test("is asked in the interface's form, and its tokens are counted", async () => {
    server.answers = [completion(GOOD, { prompt_tokens: 120, completion_tokens: 30 })];
    const it = teacher();
    expect(await it.write(task)).toBe(GOOD);
    const [{ path, headers, body }] = server.asked as [(typeof server.asked)[0]];
    expect(path).toBe("/v1/chat/completions");
    expect(headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(body).toMatchObject({
      model: "big",
      max_tokens: 50,
      temperature: 1,
      seed: 7,
      stream: false,
    });
    expect(JSON.stringify(body.messages)).toContain("Port Varnel in 1312");
    expect(teacherUsageOf(db, it.name)).toMatchObject({
      requests: 1,
      failures: 0,
      promptTokens: 120,
      completionTokens: 30,
    });
    expect(it.name).toBe(`big at localhost:${new URL(server.url).port}`);
  });

  test("without a count, tokens are estimated; thoughts are left out", async () => {
    server.answers = [completion("<think>Let me see.\nHm.</think>\n\nThe Toab sank.", undefined)];
    const it = teacher();
    expect(await it.write(task)).toBe("The Toab sank.");
    const { promptTokens, completionTokens } = teacherUsageOf(db, it.name);
    expect(promptTokens).toBeGreaterThan(100);
    expect(completionTokens).toBe(5);
  });

  test("a limit by its later name is understood", async () => {
    const refusal = { error: { message: "Use 'max_completion_tokens' instead of 'max_tokens'." } };
    server.answers = [() => Response.json(refusal, { status: 400 }), completion(GOOD)];
    expect(await teacher().write(task)).toBe(GOOD);
    expect(server.asked[1]!.body).toMatchObject({ max_completion_tokens: 50 });
    expect(server.asked[1]!.body.max_tokens).toBeUndefined();
  });

  test("what may pass is tried again: a busy server, one that hangs up, one that is slow", async () => {
    server.answers = [
      () => new Response("overloaded", { status: 503 }),
      () => Response.json({ error: "slow down" }, { status: 429, headers: { "Retry-After": "0" } }),
      completion(GOOD),
    ];
    const it = teacher();
    expect(await it.write(task)).toBe(GOOD);
    expect(server.asked).toHaveLength(3);
    expect(teacherUsageOf(db, it.name)).toMatchObject({ requests: 3, failures: 0 });
  });

  test("an answer that never comes, or never ends, is a time-out; then the teacher is left alone", async () => {
    const never = () => new Promise<Response>(() => {});
    const endless = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('{"choices":')),
        }),
      );
    server.answers = [never, endless, never];
    const it = teacher({ timeoutMs: 60 });
    expect(await failure(it.write(task))).toMatchObject({ code: "timeout" });
    expect(server.asked).toHaveLength(3);
    expect(teacherUsageOf(db, it.name)).toMatchObject({ requests: 3, failures: 1 });
    expect(await failure(it.write(task))).toMatchObject({ code: "resting" });
    expect(server.asked).toHaveLength(3);
  });

  test("after its rest it is asked again", async () => {
    server.answers = [() => new Response("", { status: 500 }), completion(GOOD)];
    const it = teacher({ retries: 0 }, { rest: 20 });
    expect(await failure(it.write(task))).toMatchObject({ code: "busy" });
    await Bun.sleep(30);
    expect(await it.write(task)).toBe(GOOD);
  });

  test.each([
    ["HTML", () => new Response("<html><body>Sign in</body></html>"), "nonsense", "Sign in"],
    ["nothing at all", () => new Response(""), "nonsense", "nothing"],
    ["other JSON", () => Response.json({ ok: true }), "nonsense", "ok"],
    ["no choices", () => Response.json({ choices: [] }), "nonsense", ""],
    ["half an answer", () => new Response('{"choices":[{"message"'), "nonsense", ""],
    ["an empty answer", completion("   "), "empty", "without a word"],
    ["null", completion(null), "empty", "without a word"],
    ["far too much", () => new Response("x".repeat(5_000_000)), "nonsense", "without end"],
    [
      "a wrong key, repeated",
      () => Response.json({ error: { message: `Bad key ${KEY}` } }, { status: 401 }),
      "refused",
      "check its key",
    ],
    [
      "an unknown model",
      () => Response.json({ error: { message: "model 'big' not found" } }, { status: 404 }),
      "refused",
      "not found",
    ],
    [
      "a redirect",
      () => Response.redirect("http://localhost:1/v1", 302),
      "refused",
      "final address",
    ],
  ] as const)("%s is told, and not asked for again", async (_, answer, code, words) => {
    server.answers = [answer];
    const it = teacher();
    const error = await failure(it.write(task));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(server.asked).toHaveLength(1);
    expect(teacherUsageOf(db, it.name)).toMatchObject({ requests: 1, failures: 1 });
  });

  test("a server that is not there", async () => {
    await server.stop();
    const error = await failure(teacher({ retries: 1 }).write(task));
    expect(error).toMatchObject({ code: "unreachable" });
    expect(error.message).toContain("check its address");
    server = new Server();
  });

  test("the day's tokens are a limit that outlives the process", async () => {
    server.answers = [completion(GOOD, { prompt_tokens: 500, completion_tokens: 200 })];
    const limited = { dailyTokens: 900 };
    await teacher(limited).write(task);
    const error = await failure(teacher(limited).write(task));
    expect(error.code).toBe("budget");
    expect(error.message).toContain("700 of today's 900 tokens");
    expect(server.asked).toHaveLength(1);
  });

  test("is stopped while it waits", async () => {
    server.answers = [() => new Response("", { status: 503 })];
    const stop = new AbortController();
    const work = teacher({}, { backoff: 60_000 }).write(task, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(work).rejects.toThrow("abort");
  });
});

describe("what a teacher writes", () => {
  const problems: string[] = [];
  const options = { seed: 1, onProblem: (message: string) => problems.push(message) };
  beforeEach(() => {
    problems.length = 0;
  });

  test("edits are held to what own edits are held to", async () => {
    server.answers = [completion(GOOD)];
    const source = teacherEdits(teacher(), PASSAGE, options);
    const [edit] = await source.write(["implications"]);
    expect(edit).toMatchObject({
      lines: ["The Toab was built in Port Varnel.", "The Toab carried salt to Kolm."],
      dropped: 1,
    });
    expect(problems).toEqual([]);
  });

  test("nonsense is told item by item and counted; the next item is asked for all the same", async () => {
    server.answers = [
      completion("Sure! Lorem Ipsum dolor.\nHere you go"),
      () => new Response("<html>"),
      completion(GOOD),
    ];
    const it = teacher();
    const edits = await teacherEdits(it, PASSAGE, options).write([
      "implications",
      "rewrite",
      "rewrite",
    ]);
    expect(edits.map((edit) => edit?.lines.length)).toEqual([undefined, undefined, 2]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain("of which 1 can be used");
    expect(teacherUsageOf(db, it.name)).toMatchObject({ requests: 3, failures: 2 });
  });

  test("one that is away is not asked for the rest", async () => {
    server.answers = [() => new Response("", { status: 502 })];
    const edits = await teacherEdits(teacher({ retries: 0 }), PASSAGE, options).write([
      "implications",
      "rewrite",
      "none",
    ]);
    expect(edits).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(server.asked).toHaveLength(1);
  });

  test("questions come as lists, or with a reason not at all", async () => {
    server.answers = [
      completion("Question: Where did the Toab sink?\nAnswer: Kolm"),
      completion("  "),
    ];
    const lists = await teacherQuestions(teacher(), PASSAGE, options);
    expect(lists).toEqual(["Question: Where did the Toab sink?\nAnswer: Kolm"]);
    expect(problems).toEqual([expect.stringContaining("without a word")]);
  });
});
