import { type ListCase, latin1, utf8 } from "./types.ts";

const opml = (body: string, head = "<title>Mine</title>") =>
  `<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head>${head}</head><body>${body}</body></opml>`;
const feed = (name: string) =>
  `<outline type="rss" text="${name}" xmlUrl="https://example.org/${name}.xml" htmlUrl="https://example.org/${name}"/>`;

/** Lists of subscriptions, as other readers export them. */
export const LISTS: ListCase[] = [
  {
    name: "opml: two feeds",
    bytes: utf8(opml(feed("a") + feed("b"))),
    expect: {
      feeds: [
        { address: "https://example.org/a.xml", title: "a" },
        { address: "https://example.org/b.xml", title: "b" },
      ],
    },
  },
  {
    name: "opml: folders within folders, in their order",
    bytes: utf8(
      opml(
        `<outline text="Sea"><outline text="North">${feed("a")}</outline>${feed("b")}</outline>${feed("c")}`,
      ),
    ),
    expect: {
      feeds: ["a", "b", "c"].map((name) => ({ address: `https://example.org/${name}.xml` })),
    },
  },
  {
    name: "opml: a feed twice, in two folders",
    bytes: utf8(
      opml(`<outline text="One">${feed("a")}</outline><outline text="Two">${feed("a")}</outline>`),
    ),
    expect: { feeds: [{ address: "https://example.org/a.xml" }] },
  },
  {
    name: "opml: entities in title and address",
    bytes: utf8(
      opml('<outline text="Fish &amp; chips" xmlUrl="https://example.org/?a=1&amp;b=2"/>'),
    ),
    expect: { feeds: [{ address: "https://example.org/?a=1&b=2", title: "Fish & chips" }] },
  },
  {
    name: "opml: outlines that are no feeds",
    bytes: utf8(
      opml('<outline text="A note"/><outline text="A link" url="https://example.org/"/>'),
    ),
    expect: { feeds: [] },
  },
  {
    name: "opml: no title anywhere",
    bytes: utf8(opml('<outline xmlUrl="https://example.org/a.xml"/>', "")),
    expect: { feeds: [{ address: "https://example.org/a.xml" }] },
  },
  {
    name: "opml: ISO-8859-1, and says so",
    bytes: latin1(
      opml('<outline text="Caf\u00e9" xmlUrl="https://example.org/a.xml"/>').replace(
        "UTF-8",
        "ISO-8859-1",
      ),
    ),
    expect: { feeds: [{ address: "https://example.org/a.xml", title: "Café" }] },
  },
  {
    name: "opml: fifty folders in one another",
    bytes: utf8(opml(`${'<outline text="x">'.repeat(50)}${feed("a")}${"</outline>".repeat(50)}`)),
    expect: { feeds: [{ address: "https://example.org/a.xml" }] },
  },
  {
    name: "opml: two hundred folders in one another",
    bytes: utf8(opml(`${'<outline text="x">'.repeat(200)}${feed("a")}${"</outline>".repeat(200)}`)),
    expect: { error: "no-feed" },
  },
  {
    name: "opml: entities that multiply",
    bytes: utf8(
      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "${"lol".repeat(50)}"><!ENTITY b "${"&a;".repeat(50)}"><!ENTITY c "${"&b;".repeat(50)}"><!ENTITY d "${"&c;".repeat(50)}">]><opml version="2.0"><head/><body><outline text="&d;" xmlUrl="https://example.org/a.xml"/></body></opml>`,
    ),
    expect: { feeds: [{ address: "https://example.org/a.xml", title: "&d;" }] },
  },
  {
    name: "opml: no body",
    bytes: utf8('<opml version="2.0"><head/></opml>'),
    expect: { error: "no-feed" },
  },
  {
    name: "opml: a page in its place",
    bytes: utf8("<!doctype html><p>No."),
    expect: { error: "no-feed" },
  },
  {
    name: "opml: a feed in its place",
    bytes: utf8('<rss version="2.0"><channel><title>T</title></channel></rss>'),
    expect: { error: "no-feed" },
  },
  {
    name: "opml: a picture in its place",
    bytes: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    expect: { error: "binary" },
  },
];
