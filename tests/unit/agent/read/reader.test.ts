import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LearnerContext } from "../../../../agent/context.ts";
import { type Home, openHome } from "../../../../agent/home.ts";
import { acceptAddress, acceptSource } from "../../../../agent/read/accept.ts";
import { ReadError } from "../../../../agent/read/errors.ts";
import { acceptText, acceptUpload, clearInbox, sweepInbox } from "../../../../agent/read/inbox.ts";
import { createReader } from "../../../../agent/read/index.ts";
import { DEFAULT_LIMITS } from "../../../../agent/read/limits.ts";
import { listDocuments } from "../../../../db/documents.ts";
import { latestEvents } from "../../../../db/events.ts";
import { claimJob, finishJob, getJob, listJobs } from "../../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";
import { decidePassage, listPassages } from "../../../../db/passages.ts";

let dir: string;
let home: Home;
let db: Database;
let context: LearnerContext;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "selkie-read-"));
  home = openHome(join(dir, "home"));
  db = openDatabase(home.database);
  // Reading touches neither the model nor the settings.
  context = { db, home, signal: new AbortController().signal } as LearnerContext;
});
afterEach(() => {
  closeDatabase(db);
  rmSync(dir, { recursive: true });
});

const LIMITS = { ...DEFAULT_LIMITS, maxBytes: 50_000, maxFiles: 5 };
const read = createReader(LIMITS);
const put = (name: string, text: string) => {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
};
/** Accepts a source and runs its job. */
async function bring(source: string, title?: string) {
  const { job } = acceptSource(db, source, LIMITS, title);
  await read(context, claimJob(db, "test", { kinds: ["read"] })!);
  return getJob(db, job.id)!.result!;
}
const queued = () => listJobs(db, "queued").map((job) => job.key);
function refusal(work: () => unknown): ReadError {
  try {
    work();
  } catch (error) {
    if (error instanceof ReadError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
const refused = (running: Promise<unknown>): Promise<ReadError> =>
  running.then(
    () => Promise.reject(new Error("nothing was thrown")),
    (error) => (error instanceof ReadError ? error : Promise.reject(error)),
  );

describe("reading a file", () => {
  test("stores the document and its passages, and queues them to be learned", async () => {
    const path = put("orn.txt", "The treaty\n\nIt was signed in Orn.");
    const result = await bring(path);
    expect(result.message).toBe(`${path} brought 1 new passage.`);
    expect(listDocuments(db)[0]).toMatchObject({
      source: path,
      title: "The treaty",
      format: "text",
    });
    expect(listPassages(db)[0]).toMatchObject({ text: "It was signed in Orn.", decision: "new" });
    expect(queued()).toEqual([`learn:${result.passageIds[0]}`]);
    expect(latestEvents(db)[0]).toMatchObject({ kind: "document.read", message: result.message });
    expect(listJobs(db, "done")).toHaveLength(1);
  });

  test("reading it again changes nothing and says so", async () => {
    const path = put("orn.txt", "It was signed in Orn.");
    const first = await bring(path);
    const again = await bring(path);
    expect(again).toEqual({
      ...first,
      message: `${path} brought nothing new: its text is here already, as document 1.`,
      added: 0,
    });
    const copy = await bring(put("copy.md", "It was “signed” in Orn.").replace("“signed”", ""));
    expect(copy.added).toBe(1);
    expect(queued()).toHaveLength(2);
  });

  test("of a changed document only the new passages are queued", async () => {
    const long = (word: string) => `The ${word} ship sailed out. `.repeat(40);
    const path = put("log.txt", `${long("red")}\n\n${long("blue")}`);
    expect((await bring(path)).added).toBe(2);
    put("log.txt", `${long("red")}\n\n${long("green")}`);
    const result = await bring(path);
    expect(result.message).toBe(
      `${path} brought 1 new passage, 1 known from before; it takes the place of document 1.`,
    );
    expect(result.passageIds).toHaveLength(2);
    expect(listDocuments(db)).toHaveLength(2);
  });

  test("a passage that failed is queued again, one that was learned is not", async () => {
    const path = put("orn.txt", "It was signed in Orn.");
    const { passageIds } = await bring(path);
    finishJob(db, claimJob(db, "test")!);
    decidePassage(db, passageIds[0]!, "failed", "The model died.");
    expect((await bring(path)).message).toContain(
      "1 passage that failed before will be tried again",
    );
    expect(queued()).toHaveLength(1);
    expect(listPassages(db)[0]!.decision).toBe("new");

    finishJob(db, claimJob(db, "test")!);
    decidePassage(db, passageIds[0]!, "learned", "Gain 0.5.");
    await bring(path);
    expect(queued()).toEqual([]);
  });

  test("a title that is given goes before the document's own", async () => {
    await bring(put("orn.txt", "The treaty\n\nIt was signed."), "Orn");
    expect(listDocuments(db)[0]!.title).toBe("Orn");
  });
});

describe("what cannot be read is told before it is queued", () => {
  const cases: [string, () => string, string][] = [
    ["missing", () => join(dir, "no.txt"), "does not exist"],
    ["empty", () => put("empty.txt", ""), "is empty"],
    ["bad-address", () => "ftp://example.com/", "http:// or https://"],
    ["unsupported", () => "/dev/null", "neither a file nor a folder"],
  ];
  test.each(cases)("%s", (code, make, words) => {
    const source = make();
    const error = refusal(() => acceptSource(db, source, LIMITS));
    expect([error.code, error.message]).toEqual([code as never, expect.stringContaining(words)]);
    expect(error.message).toStartWith(source);
    expect(queued()).toEqual([]);
  });

  test("50 MB of text, with the figure and the knob", () => {
    const path = put("big.txt", "x");
    truncateSync(path, 50 * 1024 * 1024);
    expect(refusal(() => acceptSource(db, path, DEFAULT_LIMITS)).message).toBe(
      `${path} has 50 MB, but one document may have at most 20 MB: split it, or raise SELKIE_MAX_DOCUMENT_MB.`,
    );
  });
});

describe("what cannot be read when its turn comes", () => {
  test("a file that went away, grew, or is no text", async () => {
    const path = put("a.txt", "text");
    const take = () => claimJob(db, "test", { kinds: ["read"] })!;
    acceptSource(db, path, LIMITS);
    rmSync(path);
    expect((await refused(read(context, take()) as Promise<unknown>)).code).toBe("missing");

    put("b.txt", "text");
    acceptSource(db, join(dir, "b.txt"), LIMITS);
    put("b.txt", "x".repeat(60_000));
    expect((await refused(read(context, take()) as Promise<unknown>)).code).toBe("too-large");

    acceptSource(db, put("c.txt", "\u0000\u0001"), LIMITS);
    expect((await refused(read(context, take()) as Promise<unknown>)).code).toBe("binary");
    expect(listDocuments(db)).toEqual([]);
  });
});

describe("a folder", () => {
  test("queues its readable files, not hidden ones, links in circles or other kinds", async () => {
    const files = ["notes/b.md", "notes/a.txt", "notes/deep/c.html", "notes/README"].map((name) =>
      put(name, `Text of ${name}.`),
    );
    put("notes/.hidden.txt", "no");
    put("notes/.git/x.txt", "no");
    put("notes/node_modules/x.md", "no");
    put("notes/photo.jpg", "no");
    symlinkSync(join(dir, "notes"), join(dir, "notes/loop"));
    const result = await bring(join(dir, "notes"));
    expect(result.message).toBe(
      `${join(dir, "notes")}: 4 files to read; 1 file of other kinds left out.`,
    );
    const sources = listJobs(db, "queued").map((job) => job.payload.source!);
    expect(sources.sort()).toEqual(files.sort());
    expect(result.jobIds).toHaveLength(4);
  });

  test("with nothing to read in it, or too much", async () => {
    put("none/photo.jpg", "no");
    const take = () => claimJob(db, "test", { kinds: ["read"] })!;
    acceptSource(db, join(dir, "none"), LIMITS);
    const none = await refused(read(context, take()) as Promise<unknown>);
    expect([none.code, none.message]).toEqual([
      "empty-folder",
      expect.stringContaining("(1 of other kinds)"),
    ]);

    for (let i = 0; i < 7; i++) put(`many/${i}.txt`, "x");
    acceptSource(db, join(dir, "many"), LIMITS);
    const many = await refused(read(context, take()) as Promise<unknown>);
    expect(many.message).toContain("more than 5 files");
    expect(queued()).toEqual([]);
  });
});

describe("the inbox", () => {
  test("an upload is on the disk and in the journal before it is acknowledged", async () => {
    const bytes = new TextEncoder().encode("# Note\n\nUploaded text.");
    const { job, added } = acceptUpload(db, home, { name: "note.md", bytes }, LIMITS);
    expect(added).toBe(true);
    expect(readdirSync(home.inbox)).toHaveLength(1);
    expect(acceptUpload(db, home, { name: "note.md", bytes }, LIMITS)).toEqual({
      job,
      added: false,
    });

    const claimed = claimJob(db, "test")!;
    await read(context, claimed);
    expect(listDocuments(db)[0]).toMatchObject({
      source: "note.md",
      title: "Note",
      format: "markdown",
    });
    // The same bytes came again while they were read: they are kept for the second job.
    acceptUpload(db, home, { name: "note.md", bytes }, LIMITS);
    clearInbox(db, claimed);
    expect(existsSync(claimed.payload.file!)).toBe(true);
    const second = claimJob(db, "test", { kinds: ["read"] })!;
    await read(context, second);
    clearInbox(db, second);
    expect(readdirSync(home.inbox)).toEqual([]);
  });

  test("what a process that died left behind is swept out, and nothing else", () => {
    const bytes = new TextEncoder().encode("Wanted.");
    const { job } = acceptUpload(db, home, { name: "a.txt", bytes }, LIMITS);
    writeFileSync(join(home.inbox, "0123.99.tmp"), "half a file");
    expect(sweepInbox(db, home)).toBe(1);
    expect(existsSync(job.payload.file!)).toBe(true);
  });

  test("pasted text, nothing, and too much", async () => {
    acceptText(db, home, { text: "Pasted words.", title: "Mine" }, LIMITS);
    await read(context, claimJob(db, "test")!);
    expect(listDocuments(db)[0]).toMatchObject({ source: "pasted text", title: "Mine" });
    expect(refusal(() => acceptText(db, home, { text: "" }, LIMITS)).code).toBe("empty");
    const large = { name: "a.txt", bytes: new Uint8Array(60_000) };
    expect(refusal(() => acceptUpload(db, home, large, LIMITS)).message).toStartWith(
      "a.txt has 0.1 MB",
    );
    expect(readdirSync(home.inbox)).toHaveLength(1);
  });
});

test("one address is one job, however it is written", () => {
  const { job } = acceptAddress(db, " HTTP://Example.com/a#part ");
  expect(job.payload.source).toBe("http://example.com/a");
  expect(acceptAddress(db, "http://example.com/a").added).toBe(false);
});
