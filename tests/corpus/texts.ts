import { gzipSync } from "fflate";
import { type DocumentCase, latin1, utf8 } from "./types.ts";

const page = (body: string, head = "<title>The harbour</title>") =>
  utf8(`<!doctype html><html><head>${head}</head><body>${body}</body></html>`);
const FERRY = "The ferry leaves at nine every day, and it is blue.";
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, "utf16le"));
const swapped = (text: string) => new Uint8Array(Buffer.from(text, "utf16le").swap16());

/** Texts, Markdown and pages with the oddities that they have. */
export const TEXTS: DocumentCase[] = [
  {
    name: "windows.txt",
    about: "lines that end as Windows has them",
    bytes: utf8(`The ferry\r\n\r\n${FERRY.replace("every", "\r\nevery")}\r\n`),
    expect: { format: "text", title: "The ferry", has: [FERRY] },
  },
  {
    name: "old-mac.txt",
    about: "lines that end as old Macs have them",
    bytes: utf8(`The ferry\r\r${FERRY}\r`),
    expect: { format: "text", title: "The ferry", has: [FERRY] },
  },
  {
    name: "marked.txt",
    about: "UTF-8 with a byte order mark",
    bytes: utf8(`\ufeff${FERRY}`),
    expect: { format: "text", title: "marked", has: [FERRY] },
  },
  {
    name: "utf16le.txt",
    about: "UTF-16 without a byte order mark, by the server's word",
    bytes: utf16(FERRY),
    charset: "utf-16le",
    expect: { format: "text", title: "utf16le", has: [FERRY] },
  },
  {
    name: "utf16be.txt",
    about: "UTF-16, the large end first, with a byte order mark",
    bytes: swapped(`\ufeff${FERRY}`),
    expect: { format: "text", title: "utf16be", has: [FERRY] },
  },
  {
    name: "nobody-knows.txt",
    about: "an encoding whose name nobody knows",
    bytes: latin1("Gr\u00fc\u00dfe"),
    charset: "x-klingon",
    expect: { format: "text", title: "nobody knows", has: ["Grüße"] },
  },
  {
    name: "bidi.txt",
    about: "marks that turn the direction of the text",
    bytes: utf8(`שלום \u202eabc\u202c. ${FERRY}`),
    expect: { format: "text", title: "bidi", has: [FERRY] },
  },
  {
    name: "one-word.txt",
    about: "a megabyte without a space",
    bytes: utf8("x".repeat(1_000_000)),
    expect: { error: "no-text" },
  },
  {
    name: "one-line.txt",
    about: "a thousand sentences on one line",
    bytes: utf8(`${FERRY} `.repeat(1000)),
    expect: { format: "text", title: "one line", has: [FERRY] },
  },
  {
    name: "letter.rtf",
    about: "RTF, which is not read",
    bytes: utf8("{\\rtf1\\ansi The ferry leaves at nine.}"),
    expect: { error: "binary", says: "RTF" },
  },
  {
    name: "letter.doc",
    about: "Word's format of before 2007, which locked DOCX files have, too",
    bytes: new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0, 0, 0]),
    expect: { error: "binary", says: "password" },
  },
  {
    name: "letter.txt.gz",
    about: "a compressed text",
    bytes: gzipSync(utf8(FERRY)),
    expect: { error: "binary", says: "compressed" },
  },
  {
    name: "table.md",
    about: "a table, a list and code",
    bytes: utf8(
      "# Tides\n\n| day | hour |\n|---|---|\n| Monday | nine |\n\n- red\n- blue\n\n```\nlet tide = 6;\n```\n",
    ),
    expect: { format: "markdown", title: "Tides", has: ["Monday", "red", "let tide = 6;"] },
  },
  {
    name: "links.md",
    about: "links, pictures and HTML in Markdown",
    bytes: utf8(
      `See [the harbour](javascript:steal()) and ![a ship](file:///etc/passwd).\n\n<div onclick="steal()">${FERRY}</div>\n\n<!-- hidden -->\n`,
    ),
    expect: {
      format: "markdown",
      title: "links",
      has: ["the harbour"],
      hasNot: ["steal", "passwd", "hidden"],
    },
  },
  {
    name: "front.md",
    about: "front matter that is never closed",
    bytes: utf8(`---\ntitle: [Tides\n\n# Tides\n\n${FERRY}\n`),
    expect: { format: "markdown", title: "Tides", has: [FERRY] },
  },
  {
    name: "hidden.html",
    about: "what a page hides",
    bytes: page(
      `<p>${FERRY}</p><p hidden>One.</p><template>Two.</template><noscript>Three.</noscript><!-- Four. --><p style="display:none">Five.</p><p aria-hidden="true">Six.</p>`,
    ),
    expect: {
      format: "html",
      title: "The harbour",
      has: [FERRY],
      hasNot: ["One.", "Two.", "Three.", "Four.", "Five."],
    },
  },
  {
    name: "attributes.html",
    about: "scripts in attributes, styles and addresses of every kind",
    bytes: page(
      `<style>p{background:url("javascript:steal()")}</style><p style="width:expression(steal())">${FERRY}</p><a href=" java\tscript:steal()">a</a><form action="javascript:steal()"><input autofocus onfocus="steal()"></form><math><mtext><script>steal()</script></mtext></math><base href="javascript:steal()">`,
    ),
    expect: { format: "html", title: "The harbour", has: [FERRY], hasNot: ["steal"] },
  },
  {
    name: "open-script.html",
    about: "a script that is never closed",
    bytes: page(`<p>${FERRY}</p><script>steal("`),
    expect: { format: "html", title: "The harbour", has: [FERRY], hasNot: ["steal"] },
  },
  {
    name: "open-comment.html",
    about: "a comment that is never closed",
    bytes: page(`<p>${FERRY}</p><!-- steal() `),
    expect: { format: "html", title: "The harbour", has: [FERRY], hasNot: ["steal"] },
  },
  {
    name: "picture.html",
    about: "a picture of half a megabyte within the page",
    bytes: page(`<p>${FERRY}</p><img alt="" src="data:image/png;base64,${"A".repeat(500_000)}">`),
    expect: { format: "html", title: "The harbour", has: [FERRY], hasNot: ["AAAA"] },
  },
  {
    name: "numbers.html",
    about: "characters by numbers that nobody has",
    bytes: page(`<p>&#0;&#x110000;&#xD800;&bogus; ${FERRY}</p>`),
    expect: { format: "html", title: "The harbour", has: [FERRY] },
  },
  {
    name: "entities.xhtml",
    about: "XHTML whose entities multiply",
    bytes: utf8(
      `<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "${"lol".repeat(100)}"><!ENTITY b "${"&a;".repeat(100)}"><!ENTITY c "${"&b;".repeat(100)}">]><html xmlns="http://www.w3.org/1999/xhtml"><head><title>The harbour</title></head><body><p>&c;</p><p>${FERRY}</p></body></html>`,
    ),
    expect: { format: "html", title: "The harbour", has: [FERRY], hasNot: ["lollollol"] },
  },
  {
    name: "late-charset.html",
    about: "the encoding named behind three kilobytes of script",
    bytes: latin1(
      `<!doctype html><html><head><script>${"x();".repeat(800)}</script><meta charset="iso-8859-2"><title>A</title></head><body><p>\u00a3\u00f3d\u00bc p\u00b3ynie.</p></body></html>`,
    ),
    expect: { format: "html", title: "A", has: ["Łódź płynie."] },
  },
  {
    name: "tables.html",
    about: "two hundred tables in one another",
    bytes: page(`${"<table><tr><td>".repeat(200)}${FERRY}${"</td></tr></table>".repeat(200)}`),
    expect: { format: "html", title: "The harbour", has: [FERRY] },
  },
  {
    name: "links.html",
    about: "three thousand links and one paragraph",
    bytes: page(
      `<ul>${'<li><a href="/x">x</a></li>'.repeat(3000)}</ul><article><p>${`${FERRY} `.repeat(10)}</p></article>`,
    ),
    expect: { format: "html", title: "The harbour", has: [FERRY] },
  },
  {
    name: "frames.html",
    about: "a page of frames",
    bytes: utf8(
      '<html><head><title>Frames</title></head><frameset cols="50%,50%"><frame src="a.html"><frame src="b.html"></frameset></html>',
    ),
    expect: { error: "no-text" },
  },
];
