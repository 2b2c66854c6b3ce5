import { expect, test } from "bun:test";
import { Follower } from "../../../../agent/jobs/follow.ts";
import { addDocument } from "../../../../db/documents.ts";
import { claimJob, enqueueJob, failJob, finishJob, type Job } from "../../../../db/jobs.ts";
import { openDatabase } from "../../../../db/open.ts";
import { addPassages, decidePassage } from "../../../../db/passages.ts";

test("follows a folder to its files, and files to passages, whoever learns them", () => {
  const db = openDatabase(":memory:");
  const read = (source: string) =>
    enqueueJob(db, { kind: "read", payload: { source }, key: `read:${source}` }).job;
  const next = (): Job => claimJob(db, "me")!;
  const result = { message: "", documentIds: [], passageIds: [] as number[], added: 0 };
  const { document } = addDocument(db, {
    source: "a",
    format: "text",
    title: "a",
    contentHash: "a",
  });
  const [one, two] = addPassages(
    db,
    document.id,
    ["one", "two"].map((text, position) => ({ position, title: text, text, hash: text })),
  ).added.map((passage) => passage.id) as [number, number];

  const folder = read("/dir");
  const follower = new Follower(db, [folder.id]);
  expect(follower.advance()).toEqual({ reading: 1, learning: 0, passages: 0 });

  const job = next();
  const files = ["/dir/a", "/dir/b"].map((path) => read(path).id);
  finishJob(db, job, { ...result, jobIds: files });
  expect(follower.advance()).toEqual({ reading: 2, learning: 0, passages: 0 });

  // Somebody else's job learns the passage that this file shares with another.
  enqueueJob(db, { kind: "learn", payload: { passageId: one }, key: `learn:${one}`, parentId: 99 });
  enqueueJob(db, { kind: "learn", payload: { passageId: 77 }, key: "learn:77" });
  finishJob(db, next(), { ...result, passageIds: [one, two] });
  failJob(db, next(), "/dir/b is empty.");
  expect(follower.advance()).toEqual({ reading: 0, learning: 1, passages: 2 });
  expect(follower.settled()).toBe(false);

  decidePassage(db, one, "failed", "It diverged.");
  failJob(db, next(), "It diverged.");
  expect(follower.settled()).toBe(true);
  const outcome = follower.outcome();
  expect(outcome.failures).toEqual(["/dir/b is empty.", "It diverged."]);
  expect(outcome.reads.map((read) => read.state)).toEqual(["done", "done", "failed"]);
  expect(outcome.passages.map((passage) => passage.id)).toEqual([one, two]);
});
