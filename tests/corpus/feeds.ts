import { type FeedCase, latin1, utf8, utf16 } from "./types.ts";

export const rss = (
  items: string,
  head = "<title>Harbour news</title><link>https://example.org/</link>",
) =>
  `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>${head}<description>d</description>${items}</channel></rss>`;
export const atom = (entries: string, head = "<title>Harbour news</title>") =>
  `<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">${head}<id>urn:feed</id><updated>2026-11-20T10:00:00Z</updated>${entries}</feed>`;
export const item = (n: number, more = "") =>
  `<item><title>Item ${n}</title><link>https://example.org/${n}</link><guid>g${n}</guid>${more}</item>`;
export const linked = (title: string, more = "") =>
  `<item><title>${title}</title><link>https://example.org/${title}</link>${more}</item>`;

/** Feeds of every kind, as sites write them and as they should not. */
export const PLAIN_FEEDS: FeedCase[] = [
  {
    name: "rss: two items with everything",
    bytes: utf8(
      rss(
        `${item(1, "<pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate><description>Short.</description>")}${item(2, "<content:encoded><![CDATA[<p>The <b>long</b> text of it.</p>]]></content:encoded><description>Short.</description>")}`,
      ),
    ),
    expect: {
      title: "Harbour news",
      entries: [
        {
          title: "Item 1",
          key: "g1",
          link: "https://example.org/1",
          date: "2026-11-20T09:00:00.000Z",
          has: "Short.",
        },
        { title: "Item 2", key: "g2", has: "<b>long</b>", hasNot: "Short.", date: null },
      ],
    },
  },
  {
    name: "rss: no guid, known by its link",
    bytes: utf8(rss("<item><title>A</title><link>https://example.org/a</link></item>")),
    expect: { entries: [{ title: "A", key: "https://example.org/a" }] },
  },
  {
    name: "rss: neither guid nor link, known by what it says",
    bytes: utf8(rss("<item><title>A</title><description>Words.</description></item>")),
    expect: { entries: [{ title: "A", link: null, has: "Words." }] },
  },
  {
    name: "rss: the guid is the link",
    bytes: utf8(rss("<item><title>A</title><guid>https://example.org/perma</guid></item>")),
    expect: { entries: [{ title: "A", link: "https://example.org/perma" }] },
  },
  {
    name: "rss: a guid that is no link",
    bytes: utf8(
      rss('<item><title>A</title><guid isPermaLink="false">https://example.org/x</guid></item>'),
    ),
    expect: { entries: [{ title: "A", link: null, key: "https://example.org/x" }] },
  },
  {
    name: "rss: every item has the same guid",
    bytes: utf8(
      rss(
        "<item><title>A</title><link>https://example.org/a</link><guid>same</guid></item><item><title>B</title><link>https://example.org/b</link><guid>same</guid></item>",
      ),
    ),
    expect: {
      entries: [
        { title: "A", key: "same|https://example.org/a" },
        { title: "B", key: "same|https://example.org/b" },
      ],
    },
  },
  {
    name: "rss: an item twice",
    bytes: utf8(rss("<item><link>https://example.org/a</link><title>A</title></item>".repeat(2))),
    expect: { entries: [{ title: "A" }] },
  },
  {
    name: "rss: relative links",
    bytes: utf8(rss("<item><title>A</title><link>/a?b=1&amp;c=2</link></item>")),
    expect: { entries: [{ title: "A", link: "https://example.org/a?b=1&c=2" }] },
  },
  {
    name: "rss: a link that runs scripts",
    bytes: utf8(rss("<item><title>A</title><link>javascript:alert(1)</link></item>")),
    expect: { entries: [{ title: "A", link: null }] },
  },
  {
    name: "rss: a link into the machine's own files",
    bytes: utf8(rss("<item><title>A</title><link>file:///etc/passwd</link></item>")),
    expect: { entries: [{ title: "A", link: null }] },
  },
  {
    name: "rss: no title, taken from the text",
    bytes: utf8(
      rss(
        "<item><link>https://example.org/a</link><description>The &lt;b&gt;ferry&lt;/b&gt; is late.</description></item>",
      ),
    ),
    expect: { entries: [{ title: "The ferry is late." }] },
  },
  {
    name: "rss: markup in the title",
    bytes: utf8(
      rss(
        "<item><title><![CDATA[A <em>great</em> day]]></title><link>https://example.org/a</link></item>",
      ),
    ),
    expect: { entries: [{ title: "A great day" }] },
  },
  {
    name: "rss: an empty item among others",
    bytes: utf8(rss(`<item></item>${item(1)}`)),
    expect: { entries: [{ title: "Item 1" }] },
  },
  { name: "rss: no items", bytes: utf8(rss("")), expect: { title: "Harbour news", entries: [] } },
  {
    name: "rss: a date that is none",
    bytes: utf8(rss(item(1, "<pubDate>soon</pubDate>"))),
    expect: { entries: [{ title: "Item 1", date: null }] },
  },
  {
    name: "rss: Dublin Core's date",
    bytes: utf8(rss(item(1, "<dc:date>2026-11-19T08:00:00Z</dc:date>"))),
    expect: { entries: [{ title: "Item 1", date: "2026-11-19T08:00:00.000Z" }] },
  },
  {
    name: "rss: ttl",
    bytes: utf8(rss(item(1), "<title>T</title><ttl>90</ttl>")),
    expect: { title: "T", entries: [{ title: "Item 1" }], ttlMinutes: 90 },
  },
  {
    name: "rss: syndication module",
    bytes: utf8(
      rss(
        item(1),
        "<title>T</title><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
      ),
    ),
    expect: { entries: [{ title: "Item 1" }], ttlMinutes: 720 },
  },
  {
    name: "rss: HTML entities that XML does not know",
    bytes: utf8(
      rss("<item><title>Caf&eacute; &amp; bar</title><link>https://example.org/a</link></item>"),
    ),
    expect: { entries: [{ title: "Café & bar" }] },
  },
  {
    name: "rss: a bare ampersand",
    bytes: utf8(rss("<item><title>Fish & chips</title><link>https://example.org/a</link></item>")),
    expect: { entries: [{ title: "Fish & chips" }] },
  },
  {
    name: "rss: white space before the declaration",
    bytes: utf8(`\n\n  ${rss(item(1))}`),
    expect: { entries: [{ title: "Item 1" }] },
  },
  {
    name: "rss: a byte order mark",
    bytes: utf8(`\ufeff${rss(item(1))}`),
    expect: { entries: [{ title: "Item 1" }] },
  },
  {
    name: "rss: ISO-8859-1, and says so",
    bytes: latin1(
      rss("<item><title>Caf\u00e9</title><link>https://example.org/a</link></item>").replace(
        "UTF-8",
        "ISO-8859-1",
      ),
    ),
    expect: { entries: [{ title: "Café" }] },
  },
  {
    name: "rss: Windows-1252, and says UTF-8",
    bytes: latin1(
      rss("<item><title>Caf\u00e9 \u0093zu\u0094</title><link>https://example.org/a</link></item>"),
    ),
    expect: { entries: [{ title: "Café “zu”" }] },
  },
  {
    name: "rss: UTF-8, and says ISO-8859-1",
    bytes: utf8(
      rss("<item><title>Café über</title><link>https://example.org/a</link></item>").replace(
        "UTF-8",
        "ISO-8859-1",
      ),
    ),
    charset: "iso-8859-1",
    expect: { entries: [{ title: "Café über" }] },
  },
  {
    name: "rss: Windows-1251 by the server's word",
    bytes: new Uint8Array([
      ...utf8('<rss version="2.0"><channel><title>T</title><item><title>'),
      0xcf,
      0xf0,
      0xe8,
      0xe2,
      0xe5,
      0xf2,
      ...utf8("</title><link>https://example.org/a</link></item></channel></rss>"),
    ]),
    charset: "windows-1251",
    expect: { entries: [{ title: "Привет" }] },
  },
  {
    name: "rss: UTF-16",
    bytes: utf16(rss(item(1)).replace("UTF-8", "UTF-16")),
    expect: { entries: [{ title: "Item 1" }] },
  },
  {
    name: "rss: cut off in the middle",
    bytes: utf8(rss(`${item(1)}${item(2)}${item(3)}`).slice(0, -80)),
    expect: { entries: [{ title: "Item 1" }, { title: "Item 2" }] },
  },
  {
    name: "rss: control characters",
    bytes: utf8(
      rss("<item><title>A\u0008\u000bB</title><link>https://example.org/a</link></item>"),
    ),
    expect: { entries: [{ title: "AB" }] },
  },
  {
    name: "rss: scripts in the text are only text",
    bytes: utf8(
      rss(
        item(
          1,
          "<description><![CDATA[<script>alert(1)</script><p onclick='x()'>Words.</p>]]></description>",
        ),
      ),
    ),
    expect: { entries: [{ title: "Item 1", has: "Words." }] },
  },
  {
    name: "rss: entities that multiply",
    bytes: utf8(
      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "${"lol".repeat(50)}"><!ENTITY b "${"&a;".repeat(50)}"><!ENTITY c "${"&b;".repeat(50)}"><!ENTITY d "${"&c;".repeat(50)}">]><rss version="2.0"><channel><title>T</title><item><title>&d;</title><link>https://example.org/a</link></item></channel></rss>`,
    ),
    expect: { entries: [{ title: "&d;" }] },
  },
  {
    name: "rss: an entity that names a file",
    bytes: utf8(
      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>T</title><item><title>&a;</title><link>https://example.org/a</link></item></channel></rss>`,
    ),
    expect: { entries: [{ title: "&a;", hasNot: "root:" }] },
  },
  {
    name: "rss 0.91",
    bytes: utf8(
      '<rss version="0.91"><channel><title>Old</title><link>https://example.org/</link><item><title>A</title><link>https://example.org/a</link></item></channel></rss>',
    ),
    expect: { title: "Old", entries: [{ title: "A" }] },
  },
  {
    name: "rdf: RSS 1.0",
    bytes: utf8(
      '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.org/"><title>Old news</title><link>https://example.org/</link></channel><item rdf:about="https://example.org/a"><title>A</title><link>https://example.org/a</link><description>Words.</description><dc:date>2026-11-18T00:00:00Z</dc:date></item></rdf:RDF>',
    ),
    expect: {
      title: "Old news",
      entries: [
        {
          title: "A",
          link: "https://example.org/a",
          has: "Words.",
          date: "2026-11-18T00:00:00.000Z",
        },
      ],
    },
  },
  {
    name: "atom: an entry with everything",
    bytes: utf8(
      atom(
        '<entry><title>A</title><id>urn:a</id><link rel="self" href="https://example.org/a.xml"/><link rel="alternate" href="https://example.org/a"/><published>2026-11-19T10:00:00Z</published><updated>2026-11-20T10:00:00Z</updated><content type="html">&lt;p&gt;Words.&lt;/p&gt;</content></entry>',
      ),
    ),
    expect: {
      title: "Harbour news",
      entries: [
        {
          title: "A",
          key: "urn:a",
          link: "https://example.org/a",
          date: "2026-11-19T10:00:00.000Z",
          has: "<p>Words.</p>",
        },
      ],
    },
  },
  {
    name: "atom: xhtml content",
    bytes: utf8(
      atom(
        '<entry><title>A</title><id>urn:a</id><updated>2026-11-20T10:00:00Z</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Some <i>words</i>.</p></div></content></entry>',
      ),
    ),
    expect: { entries: [{ title: "A", has: "words" }] },
  },
  {
    name: "atom: only a summary",
    bytes: utf8(
      atom(
        '<entry><title type="html">A &amp;amp; B</title><id>urn:a</id><link href="https://example.org/a"/><updated>2026-11-20T10:00:00Z</updated><summary>Words.</summary></entry>',
      ),
    ),
    expect: { entries: [{ title: "A & B", link: "https://example.org/a", has: "Words." }] },
  },
  {
    name: "atom: as arXiv lists a day's papers",
    bytes: utf8(
      `<?xml version='1.0' encoding='UTF-8'?><feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us"><id>http://rss.arxiv.org/atom/cs.XX</id><title>cs.XX updates on arXiv.org</title><updated>2026-11-20T05:00:01+00:00</updated><link href="http://rss.arxiv.org/atom/cs.XX" rel="self" type="application/atom+xml"/><entry><id>oai:arXiv.org:2611.00001v1</id><title>On Tides $O(n)$</title><updated>2026-11-20T05:00:02+00:00</updated><link href="https://arxiv.org/abs/2611.00001" rel="alternate" type="text/html"/><summary>arXiv:2611.00001v1 Announce Type: new \nAbstract: We show that tides turn.</summary><category term="cs.XX"/><published>2026-11-20T00:00:00-05:00</published><arxiv:announce_type>new</arxiv:announce_type><dc:creator>A. Body</dc:creator></entry></feed>`,
    ),
    expect: {
      title: "cs.XX updates on arXiv.org",
      entries: [
        {
          title: "On Tides $O(n)$",
          key: "oai:arXiv.org:2611.00001v1",
          link: "https://arxiv.org/abs/2611.00001",
          date: "2026-11-20T05:00:00.000Z",
          has: "We show that tides turn.",
        },
      ],
    },
  },
  {
    name: "atom: no entries",
    bytes: utf8(atom("")),
    expect: { title: "Harbour news", entries: [] },
  },
  {
    name: "atom: a date in the year 3000",
    bytes: utf8(
      atom("<entry><title>A</title><id>urn:a</id><updated>3000-01-01T00:00:00Z</updated></entry>"),
    ),
    expect: { entries: [{ title: "A" }] },
  },
  {
    name: "json feed",
    bytes: utf8(
      JSON.stringify({
        version: "https://jsonfeed.org/version/1.1",
        title: "J",
        home_page_url: "https://example.org/",
        items: [
          {
            id: "1",
            url: "https://example.org/1",
            title: "One",
            content_html: "<p>Words.</p>",
            date_published: "2026-11-20T00:00:00Z",
          },
          { id: "2", content_text: "Plain <words>.\n\nMore." },
        ],
      }),
    ),
    expect: {
      title: "J",
      entries: [
        {
          title: "One",
          key: "1",
          link: "https://example.org/1",
          date: "2026-11-20T00:00:00.000Z",
          has: "<p>Words.</p>",
        },
        { key: "2", title: "Plain <words>. More.", has: "&lt;words" },
      ],
    },
  },
  {
    name: "json: cut off",
    bytes: utf8('{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":'),
    expect: { error: "no-feed" },
  },
  { name: "json that is no feed", bytes: utf8('{"hello": [1, 2]}'), expect: { error: "no-feed" } },
  {
    name: "a page",
    bytes: utf8("<!doctype html><html><title>No</title><p>No feed.</p>"),
    expect: { error: "no-feed" },
  },
  { name: "plain text", bytes: utf8("Nothing to see."), expect: { error: "no-feed" } },
  { name: "nothing", bytes: utf8(""), expect: { error: "no-feed" } },
  {
    name: "a picture",
    bytes: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]),
    expect: { error: "binary" },
  },
  {
    name: "OPML is no feed",
    bytes: utf8('<opml version="2.0"><head/><body/></opml>'),
    expect: { error: "no-feed" },
  },
];
