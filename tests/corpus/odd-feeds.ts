import { atom, item, linked, rss } from "./feeds.ts";
import { type FeedCase, utf8 } from "./types.ts";

const json = (feed: object) =>
  utf8(JSON.stringify({ version: "https://jsonfeed.org/version/1.1", title: "J", ...feed }));
const bomb = (levels: number) =>
  Array.from({ length: levels }, (_, i) =>
    i === 0 ? '<!ENTITY l0 "lol">' : `<!ENTITY l${i} "${`&l${i - 1};`.repeat(10)}">`,
  ).join("");
const doctype = (subset: string, text: string) =>
  utf8(
    `<?xml version="1.0"?><!DOCTYPE rss [${subset}]><rss version="2.0"><channel><title>T</title>${linked(text)}</channel></rss>`,
  );

/** Feeds that are allowed to be as they are, and that readers stumble over. */
const ODD: FeedCase[] = [
  {
    name: "rss: CDATA around everything",
    bytes: utf8(
      rss(
        "<item><title><![CDATA[A & B]]></title><link><![CDATA[https://example.org/a?b=1&c=2]]></link><guid><![CDATA[g1]]></guid><description><![CDATA[<p>One</p>]]></description></item>",
      ),
    ),
    expect: {
      entries: [
        { title: "A & B", key: "g1", link: "https://example.org/a?b=1&c=2", has: "<p>One</p>" },
      ],
    },
  },
  {
    name: "rss: CDATA with the end of CDATA in it",
    bytes: utf8(rss(linked("A", "<description><![CDATA[a]]]]><![CDATA[>b]]></description>"))),
    expect: { entries: [{ title: "A", has: "a]]>b" }] },
  },
  {
    name: "rss: text beside CDATA",
    bytes: utf8(rss(linked("A", "<description>One <![CDATA[<b>two</b>]]> three</description>"))),
    expect: { entries: [{ title: "A", has: "<b>two</b>" }] },
  },
  {
    name: "rss: markup that is escaped twice",
    bytes: utf8(rss(linked("About &amp;lt;p&amp;gt;"))),
    expect: { entries: [{ title: "About <p>" }] },
  },
  {
    name: "rss: characters by number",
    bytes: utf8(rss(linked("&#8220;A&#8221; &#x2014; b&#160;c"))),
    expect: { entries: [{ title: "“A” — b c" }] },
  },
  {
    name: "rss: characters by numbers that nobody has",
    bytes: utf8(rss(item(1, "<description>A&#0;&#xFFFFFFF;B</description>"))),
    expect: { entries: [{ title: "Item 1", has: "B" }] },
  },
  {
    name: "rss: no dates at all",
    bytes: utf8(rss(item(1) + item(2) + item(3))),
    expect: {
      entries: [1, 2, 3].map((n) => ({ title: `Item ${n}`, date: null })),
    },
  },
  {
    name: "rss: some dates",
    bytes: utf8(
      rss(item(1, "<pubDate>Fri, 20 Nov 2026 09:00:00 +0100</pubDate>") + item(2, "<pubDate/>")),
    ),
    expect: {
      entries: [
        { title: "Item 1", date: "2026-11-20T08:00:00.000Z" },
        { title: "Item 2", date: null },
      ],
    },
  },
  {
    name: "rss: dates as people write them",
    bytes: utf8(
      rss(
        [
          "Fri, 20 Nov 2026 09:00 EST",
          "2026-11-20T09:00:00.123456Z",
          "morgen früh",
          "0000-00-00 00:00:00",
        ]
          .map((date, i) => item(i, `<pubDate>${date}</pubDate>`))
          .join(""),
      ),
    ),
    expect: {
      entries: [
        { title: "Item 0", date: "2026-11-20T14:00:00.000Z" },
        { title: "Item 1", date: "2026-11-20T09:00:00.123Z" },
        { title: "Item 2", date: null },
        { title: "Item 3", date: null },
      ],
    },
  },
  {
    name: "rss: one guid for different texts without links",
    bytes: utf8(
      rss(
        ["One", "Two"]
          .map((text) => `<item><title>${text}</title><guid isPermaLink="false">x</guid></item>`)
          .join(""),
      ),
    ),
    expect: { entries: [{ title: "One" }, { title: "Two" }] },
  },
  {
    name: "rss: the same guid and link, updated in the same feed",
    bytes: utf8(
      rss(item(1, "<description>New.</description>") + item(1, "<description>Old.</description>")),
    ),
    expect: { entries: [{ title: "Item 1", has: "New." }] },
  },
  {
    name: "rss: white space around guid and link",
    bytes: utf8(
      rss(
        "<item><title>A</title><guid>\n  g1\n </guid><link>\n\thttps://example.org/a\n</link></item>",
      ),
    ),
    expect: { entries: [{ title: "A", key: "g1", link: "https://example.org/a" }] },
  },
  {
    name: "rss: a guid of three thousand characters",
    bytes: utf8(rss(linked("A", `<guid isPermaLink="false">${"g".repeat(3000)}</guid>`))),
    expect: { entries: [{ title: "A", link: "https://example.org/A" }] },
  },
  {
    name: "rss: a link without a scheme",
    bytes: utf8(rss("<item><title>A</title><link>//example.net/a</link></item>")),
    expect: { entries: [{ title: "A", link: "https://example.net/a" }] },
  },
  {
    name: "rss: a link with a space and an umlaut",
    bytes: utf8(rss("<item><title>A</title><link>https://münchen.example/a b</link></item>")),
    expect: { entries: [{ title: "A", link: "https://xn--mnchen-3ya.example/a%20b" }] },
  },
  {
    name: "rss: relative links, and the site named nowhere",
    bytes: utf8(rss("<item><title>A</title><link>a/b.html</link></item>", "<title>T</title>")),
    expect: { entries: [{ title: "A", link: "https://example.org/a/b.html" }] },
  },
  {
    name: "rss: a podcast, without any text",
    bytes: utf8(
      rss(
        '<item><title>Episode 1</title><guid isPermaLink="false">e1</guid><enclosure url="https://example.org/1.mp3" length="1" type="audio/mpeg"/></item>',
      ),
    ),
    expect: { entries: [{ title: "Episode 1", key: "e1", link: null }] },
  },
  {
    name: "rss: unescaped markup in the text",
    bytes: utf8(rss(linked("A", "<description>One<br>two <b>three</description>"))),
    expect: { entries: [{ title: "A" }] },
  },
  {
    name: "rss: comments and instructions",
    bytes: utf8(
      `<?xml version="1.0"?><?xml-stylesheet href="feed.xsl"?><!-- <item><title>No</title></item> -->${rss(item(1)).replace(/^<\?xml[^>]*>/, "")}<!-- the end -->`,
    ),
    expect: { entries: [{ title: "Item 1" }] },
  },
  {
    name: "rss: something behind its end",
    bytes: utf8(`${rss(item(1))}\n<script>track()</script>`),
    expect: { entries: [{ title: "Item 1" }] },
  },
  {
    name: "rss: tags in capitals",
    bytes: utf8(
      '<RSS VERSION="2.0"><CHANNEL><TITLE>T</TITLE><ITEM><TITLE>A</TITLE><LINK>https://example.org/a</LINK></ITEM></CHANNEL></RSS>',
    ),
    expect: { entries: [{ title: "A", link: "https://example.org/a" }] },
  },
  {
    name: "atom: xml:base",
    bytes: utf8(
      '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.net/blog/"><title>T</title><id>urn:f</id><entry><title>A</title><id>urn:a</id><link href="2026/a"/></entry></feed>',
    ),
    expect: { entries: [{ title: "A", link: "https://example.net/blog/2026/a" }] },
  },
  {
    name: "atom: links relative to the feed's page",
    bytes: utf8(
      atom(
        '<entry><title>A</title><id>urn:a</id><link href="../a"/></entry>',
        '<title>T</title><link href="https://example.net/blog/"/>',
      ),
    ),
    expect: { entries: [{ title: "A", link: "https://example.net/a" }] },
  },
  {
    name: "atom: several links, and only one of them is the page",
    bytes: utf8(
      atom(
        '<entry><title>A</title><id>urn:a</id><link rel="enclosure" href="https://example.org/a.mp3"/><link rel="replies" href="https://example.org/a/replies"/><link rel="alternate" type="text/html" href="https://example.org/a"/></entry>',
      ),
    ),
    expect: { entries: [{ title: "A", link: "https://example.org/a" }] },
  },
  {
    name: "atom: no id",
    bytes: utf8(atom('<entry><title>A</title><link href="https://example.org/a"/></entry>')),
    expect: { entries: [{ title: "A", key: "https://example.org/a" }] },
  },
  {
    name: "atom 0.3",
    bytes: utf8(
      '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old</title><entry><title>A</title><id>urn:a</id><link rel="alternate" href="https://example.org/a"/><issued>2026-11-18T00:00:00Z</issued><modified>2026-11-19T00:00:00Z</modified></entry></feed>',
    ),
    expect: { title: "Old", entries: [{ title: "A", link: "https://example.org/a" }] },
  },
  {
    name: "json feed 1.0 with a byte order mark",
    bytes: utf8(
      `\ufeff${JSON.stringify({ version: "https://jsonfeed.org/version/1", title: "J", items: [{ id: "a", content_text: "Words." }] })}`,
    ),
    expect: { title: "J", entries: [{ key: "a", title: "Words." }] },
  },
  {
    name: "json feed: numbers for ids",
    bytes: json({ items: [{ id: 7, title: "Seven", content_text: "Words." }] }),
    expect: { entries: [{ title: "Seven", key: "7" }] },
  },
  {
    name: "json feed: items that are none among others",
    bytes: json({
      items: [null, 3, "x", {}, { id: "a", title: null, content_html: "<p>Words.</p>" }],
    }),
    expect: { entries: [{ key: "a", title: "Words." }] },
  },
  {
    name: "json feed: relative links and scripts",
    bytes: json({
      home_page_url: "https://example.net/",
      items: [
        { id: "a", url: "/a", title: "A", content_html: "<p>Words.</p><script>x()</script>" },
        { id: "b", url: "javascript:x()", title: "B" },
      ],
    }),
    expect: {
      entries: [
        { title: "A", link: "https://example.net/a", has: "Words." },
        { title: "B", link: null },
      ],
    },
  },
];

/** What arXiv lists. */
const ARXIV: FeedCase[] = [
  {
    name: "arxiv: a paper's third version is the same paper",
    listing: true,
    bytes: utf8(
      atom(
        '<entry><id>oai:arXiv.org:2611.00001v3</id><title>On Tides</title><link href="https://arxiv.org/abs/2611.00001" rel="alternate"/><summary>arXiv:2611.00001v3 Announce Type: replace \nAbstract: We show that tides turn.</summary></entry>',
      ),
    ),
    expect: {
      entries: [
        {
          title: "On Tides",
          key: "oai:arXiv.org:2611.00001",
          has: "We show",
          hasNot: "Announce Type",
        },
      ],
    },
  },
  {
    name: "arxiv: a paper of before 2007, cross-listed",
    listing: true,
    bytes: utf8(
      atom(
        '<entry><id>oai:arXiv.org:hep-th/9901001v2</id><title>Old &lt;i&gt;Strings&lt;/i&gt; $x &lt; y$</title><link href="https://arxiv.org/abs/hep-th/9901001"/><summary>arXiv:hep-th/9901001v2 Announce Type: replace-cross \nAbstract: We find $x &lt; y$.</summary></entry>',
      ),
    ),
    expect: {
      entries: [{ key: "oai:arXiv.org:hep-th/9901001", has: "We find", hasNot: "Announce Type" }],
    },
  },
  {
    name: "arxiv: a weekend without papers",
    listing: true,
    bytes: utf8(
      atom("", "<title>cs.XX updates on arXiv.org</title><subtitle>cs.XX updates</subtitle>"),
    ),
    expect: { title: "cs.XX updates on arXiv.org", entries: [] },
  },
];

/** Feeds that nobody means well with, and very large ones. */
const HOSTILE: FeedCase[] = [
  {
    name: "rss: a billion laughs",
    bytes: doctype(bomb(10), "&l9;"),
    expect: { entries: [{ title: "&l9;" }] },
  },
  {
    name: "rss: one long entity, many times",
    bytes: doctype(`<!ENTITY long "${"x".repeat(50_000)}">`, "&long;".repeat(2000)),
    expect: { entries: [{ hasNot: "xxxx" }] },
  },
  {
    name: "rss: a document type that leads elsewhere",
    bytes: utf8(
      `<?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://127.0.0.1:1/evil.dtd"><rss version="2.0"><channel><title>T</title>${item(1)}</channel></rss>`,
    ),
    expect: { entries: [{ title: "Item 1" }] },
  },
  {
    name: "rss: an entity with brackets in it",
    bytes: doctype('<!ENTITY a "]>&lt;/rss&gt;">', "A &a;"),
    expect: { entries: [{ link: "https://example.org/A%20&a;" }] },
  },
  {
    name: "rss: twenty thousand elements in one another",
    bytes: utf8(rss(linked("A", `<x>${"<y>".repeat(20_000)}${"</y>".repeat(20_000)}</x>`))),
    expect: { error: "no-feed" },
  },
  {
    name: "rss: ten thousand attributes",
    bytes: utf8(
      rss(
        `<item ${Array.from({ length: 10_000 }, (_, i) => `a${i}="x"`).join(" ")}><title>A</title><link>https://example.org/a</link></item>`,
      ),
    ),
    expect: { entries: [{ title: "A" }] },
  },
  {
    name: "rss: six thousand items, of which the first five thousand are taken",
    bytes: utf8(rss(Array.from({ length: 6000 }, (_, i) => item(i)).join(""))),
    expect: { entries: Array.from({ length: 5000 }, (_, i) => ({ title: `Item ${i}` })) },
  },
  {
    name: "rss: an item of three megabytes",
    bytes: utf8(rss(item(1, `<description>${"Words. ".repeat(450_000)}</description>`))),
    expect: { entries: [{ title: "Item 1", has: "Words. Words." }] },
  },
  {
    name: "rss: names of an object's own parts",
    bytes: utf8(
      rss(linked("A", "<__proto__><polluted>1</polluted></__proto__><constructor>x</constructor>")),
    ),
    expect: { error: "no-feed" },
  },
  {
    name: "rss: a warning of the site's own program in front of it",
    bytes: utf8(
      `<br />\n<b>Warning</b>: Undefined variable in feed.php on line 3\n${rss(item(1))}`,
    ),
    expect: { entries: [{ title: "Item 1" }] },
  },
];

export const ODD_FEEDS: FeedCase[] = [...ODD, ...ARXIV, ...HOSTILE];
