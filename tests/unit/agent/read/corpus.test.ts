import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { digestAny } from "../../../../agent/read/digest-any.ts";
import { ReadError } from "../../../../agent/read/errors.ts";
import { parseFeed } from "../../../../agent/read/feed.ts";
import { parseOpml } from "../../../../agent/read/opml.ts";
import { paperEntry } from "../../../../agent/sources/arxiv.ts";
import { DOCUMENTS, FEEDS, LISTS, MAX_UNPACKED } from "../../../corpus/index.ts";
import { corpusTable } from "../../../corpus/table.ts";

async function caught(work: () => unknown): Promise<ReadError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ReadError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("feeds", () => {
  test.each(FEEDS.map((it) => [it.name, it] as const))("%s", async (_, feed) => {
    const { bytes, charset, expect: wanted } = feed;
    const raw = { source: "https://example.org/feed", bytes, charset };
    if ("error" in wanted) {
      const error = await caught(() => parseFeed(raw));
      expect([error.code, error.message]).toEqual([
        wanted.error,
        expect.stringContaining("https://example.org/feed"),
      ]);
      return;
    }
    const parsed = parseFeed(raw);
    if (wanted.title) expect(parsed.title).toBe(wanted.title);
    if (wanted.ttlMinutes) expect(parsed.ttlMs).toBe(wanted.ttlMinutes * 60_000);
    const entries = feed.listing ? parsed.entries.map(paperEntry) : parsed.entries;
    expect(entries).toHaveLength(wanted.entries.length);
    expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length);
    wanted.entries.forEach(({ title, key, link, date, has, hasNot }, i) => {
      const entry = entries[i]!;
      if (title !== undefined) expect(entry.title).toBe(title);
      if (key !== undefined) expect(entry.key).toBe(key);
      if (link !== undefined) expect(entry.link ?? null).toBe(link);
      if (date !== undefined) {
        const at = entry.publishedAt;
        expect(at === undefined ? null : new Date(at).toISOString()).toBe(date);
      }
      if (has !== undefined) expect(entry.content).toContain(has);
      if (hasNot !== undefined) expect(entry.content).not.toContain(hasNot);
      expect(entry.publishedAt ?? 0).toBeLessThan(Date.now() + 86_400_000);
    });
    // What was told twice is told alike.
    expect(parseFeed(raw)).toEqual(parsed);
  });
});

describe("documents", () => {
  test.each(DOCUMENTS.map((it) => [it.name, it] as const))("%s", async (_, document) => {
    const { name, bytes, charset, expect: wanted } = document;
    const raw = { source: `/home/${name}`, name, bytes, charset };
    const limits = { maxUnpacked: MAX_UNPACKED };
    if ("error" in wanted) {
      const error = await caught(() => digestAny(raw, limits));
      expect([error.code, error.message]).toEqual([
        wanted.error,
        expect.stringContaining(wanted.says ?? name),
      ]);
      return;
    }
    const result = await digestAny(raw, limits);
    expect([result.format, result.title]).toEqual([wanted.format as never, wanted.title]);
    const text = result.passages.map((passage) => passage.text).join("\n\n");
    for (const words of wanted.has) expect(text).toContain(words);
    for (const words of wanted.hasNot ?? []) expect(text).not.toContain(words);
    expect((await digestAny(raw, limits)).contentHash).toBe(result.contentHash);
  });
});

describe("lists of subscriptions", () => {
  test.each(LISTS.map((it) => [it.name, it] as const))("%s", async (_, list) => {
    const raw = { source: "feeds.opml", bytes: list.bytes };
    const { expect: wanted } = list;
    if ("error" in wanted) {
      const error = await caught(() => parseOpml(raw));
      expect([error.code, error.message]).toEqual([
        wanted.error,
        expect.stringContaining("feeds.opml"),
      ]);
      return;
    }
    const found = parseOpml(raw);
    expect(found).toHaveLength(wanted.feeds.length);
    expect(found).toMatchObject(wanted.feeds);
  });
});

test("the table says what the corpus is", async () => {
  const table = await Bun.file(join(import.meta.dir, "../../../corpus/README.md")).text();
  expect(table).toBe(corpusTable());
});
