import { zipSync } from "fflate";
import { buildDocx, buildEpub, buildPdf, lockedPdf, prose } from "./build.ts";
import { type DocumentCase, latin1, utf8, utf16 } from "./types.ts";

const page = (body: string, head = "<title>The harbour</title>") =>
  utf8(
    `<!doctype html><html><head><meta charset="utf-8">${head}</head><body>${body}</body></html>`,
  );
const long = (word: string) =>
  `The ${word} ship came in at noon and left again at night. `.repeat(8);
const DRM = utf8(
  '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></EncryptedData></encryption>',
);
const FONTS = utf8(
  '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData><EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/></EncryptedData></encryption>',
);
const chapter = (name: string, text: string) => ({ name, html: `<h1>${name}</h1><p>${text}</p>` });
/** Many times as large unpacked as it is here. */
const ZEROS = new Uint8Array(6 * 1024 * 1024);

/** Documents of every kind, as people have them and as nobody should. */
export const PLAIN_DOCUMENTS: DocumentCase[] = [
  {
    name: "ferry.txt",
    about: "plain text, wrapped at a margin, with a title line",
    bytes: utf8("The ferry\n\nIt leaves at\nnine every day.\n\nIt is blue."),
    expect: { format: "text", title: "The ferry", has: ["It leaves at nine every day."] },
  },
  {
    name: "latin1.txt",
    about: "ISO-8859-1, of which nobody says so",
    bytes: latin1("Sch\u00f6ne Gr\u00fc\u00dfe aus dem Hafen."),
    expect: { format: "text", title: "latin1", has: ["Schöne Grüße"] },
  },
  {
    name: "utf16.txt",
    about: "UTF-16 with a byte order mark",
    bytes: utf16("Grüße vom Hafen."),
    expect: { format: "text", title: "utf16", has: ["Grüße vom Hafen."] },
  },
  {
    name: "shift-jis.txt",
    about: "Shift JIS by the server's word",
    bytes: new Uint8Array([0x8d, 0x60, 0x82, 0xcd, 0x90, 0xc2, 0x82, 0xa2, 0x81, 0x42]),
    charset: "shift_jis",
    expect: { format: "text", title: "shift jis", has: ["港は青い。"] },
  },
  {
    name: "damaged-utf8.txt",
    about: "UTF-8 that was cut off within a character",
    bytes: new Uint8Array([
      ...utf8("Grüße, schöne Grüße vom Hafen und von allen, die dort sind: bis bal"),
      0xc3,
    ]),
    expect: { format: "text", title: "damaged utf8", has: ["Grüße, schöne Grüße vom Hafen"] },
  },
  {
    name: "notes.md",
    about: "Markdown with front matter and a script",
    bytes: utf8(
      "---\ntitle: Tides\n---\n\n# Tides\n\nThe tide *turns* at six.\n\n<script>x()</script>\n",
    ),
    expect: {
      format: "markdown",
      title: "Tides",
      has: ["The tide turns at six."],
      hasNot: ["x()"],
    },
  },
  {
    name: "article.html",
    about: "an article among navigation and imprint",
    bytes: page(
      `<nav>Home About</nav><article><h1>The harbour</h1><p>${long("red")}</p></article><footer>Imprint</footer>`,
    ),
    expect: {
      format: "html",
      title: "The harbour",
      has: ["The red ship"],
      hasNot: ["About", "Imprint"],
    },
  },
  {
    name: "scripts.html",
    about: "scripts in every place that runs some",
    bytes: page(
      `<script>document.body.innerHTML='<p>Injected.</p>'; fetch('http://127.0.0.1/')</script><article><p onclick="steal()">${long("blue")}</p><img src=x onerror="steal()"><a href="javascript:steal()">link</a><svg onload="steal()"></svg><iframe srcdoc="<script>steal()</script>"></iframe></article>`,
    ),
    expect: {
      format: "html",
      title: "The harbour",
      has: ["The blue ship"],
      hasNot: ["Injected", "steal", "fetch("],
    },
  },
  {
    name: "unclosed.html",
    about: "tags that are never closed, or in the wrong order",
    bytes: utf8(`<html><body><div><p>${long("old")}<p>And more of <b>it<i></b></i>`),
    expect: { format: "html", title: "unclosed", has: ["The old ship", "And more of it"] },
  },
  {
    name: "latin1.html",
    about: "ISO-8859-1 by the page's own word",
    bytes: latin1(
      `<html><head><meta charset="iso-8859-1"><title>Gr\u00fc\u00dfe</title></head><body><p>Sch\u00f6n.</p></body></html>`,
    ),
    expect: { format: "html", title: "Grüße", has: ["Schön."] },
  },
  {
    name: "app.html",
    about: "a page that only a script would fill",
    bytes: page('<div id="app"></div><script src="app.js"></script>'),
    expect: { error: "no-text", says: "by script" },
  },
  {
    name: "page.php",
    about: "a page under the name of a program",
    bytes: page("<p>A page whose name does not say so.</p>"),
    expect: { format: "html", title: "The harbour", has: ["whose name"] },
  },
  {
    name: "deep.html",
    about: "5,000 elements in one another",
    bytes: utf8(`${"<div>".repeat(5000)}<p>Down here.</p>`),
    expect: { format: "html", title: "deep", has: ["Down here."] },
  },
  {
    name: "paper.pdf",
    about: "a hyphenated paragraph, and one that goes on upon the next page",
    bytes: buildPdf(
      [
        {
          lines: [
            { text: "On the tides of Orn", y: 790, size: 18 },
            ...prose([
              "The tides of Orn turn twice a day, as all tides do, but they",
              "turn at no hour that an alma-",
              "nac could tell beforehand.",
            ]),
            ...prose(["A second paragraph follows after a gap."], 690),
            { text: "1", y: 30 },
          ],
        },
        { lines: [...prose(["It goes on upon the next page."]), { text: "2", y: 30 }] },
      ],
      { title: "On the tides of Orn" },
    ),
    expect: {
      format: "pdf",
      title: "On the tides of Orn",
      has: [
        "turn at no hour that an almanac could tell beforehand.\n\nA second paragraph",
        "It goes on upon the next page.",
      ],
      hasNot: ["alma-", "\n1"],
    },
  },
  {
    name: "heads.pdf",
    about: "running heads and page numbers",
    bytes: buildPdf(
      Array.from({ length: 5 }, (_, i) => ({
        lines: [
          { text: `Annals of Orn, vol. ${i + 1}`, y: 820 },
          ...prose([`Page ${i + 1} tells of year ${1900 + i} in the harbour town.`]),
          { text: `Page ${i + 1} of 5`, y: 20 },
        ],
      })),
    ),
    expect: {
      format: "pdf",
      title: "heads",
      has: ["year 1900", "year 1904"],
      hasNot: ["Annals", "of 5"],
    },
  },
  {
    name: "no-ending",
    about: "a PDF whose name does not say so",
    bytes: buildPdf([{ lines: prose(["A PDF that is not called one."]) }]),
    expect: { format: "pdf", title: "no ending", has: ["not called one"] },
  },
  {
    name: "scanned.pdf",
    about: "pages without any text",
    bytes: buildPdf([{ lines: [] }, { lines: [] }]),
    expect: { error: "no-text", says: "OCR" },
  },
  {
    name: "locked.pdf",
    about: "a password is needed",
    bytes: lockedPdf(),
    expect: { error: "encrypted", says: "password" },
  },
  {
    name: "damaged.pdf",
    about: "a PDF's first line, and nothing else",
    bytes: utf8("%PDF-1.7\nnothing of it came through"),
    expect: { error: "damaged", says: "damaged PDF" },
  },
  {
    name: "named.pdf",
    about: "text that is called a PDF",
    bytes: utf8("This is a text that somebody called a PDF."),
    expect: { format: "text", title: "named", has: ["somebody called a PDF"] },
  },
  {
    name: "book.epub",
    about: "chapters in another order than their files",
    bytes: buildEpub([chapter("two", "The second."), chapter("one", "The first.")], {
      title: "Tides &amp; times",
      spine: ["one", "two"],
    }),
    expect: { format: "epub", title: "Tides & times", has: ["The first.", "The second."] },
  },
  {
    name: "scripted.epub",
    about: "a chapter with scripts",
    bytes: buildEpub([
      { name: "c", html: "<script>steal()</script><p onload='steal()'>Words.</p>" },
    ]),
    expect: { format: "epub", title: "A book", has: ["Words."], hasNot: ["steal"] },
  },
  {
    name: "missing-chapter.epub",
    about: "the spine names a chapter that is not there",
    bytes: buildEpub([chapter("one", "The first.")], { spine: ["gone", "one"] }),
    expect: { format: "epub", title: "A book", has: ["The first."] },
  },
  {
    name: "outside.epub",
    about: "a chapter's path leads out of the archive",
    bytes: buildEpub([{ name: "../../../../etc/passwd", html: "<p>Only what is in it.</p>" }]),
    expect: { error: "no-text" },
  },
  {
    name: "fonts.epub",
    about: "only its fonts are scrambled",
    bytes: buildEpub([chapter("one", "The first.")], {
      more: { "META-INF/encryption.xml": FONTS },
    }),
    expect: { format: "epub", title: "A book", has: ["The first."] },
  },
  {
    name: "drm.epub",
    about: "locked by its seller",
    bytes: buildEpub([chapter("one", "The first.")], { more: { "META-INF/encryption.xml": DRM } }),
    expect: { error: "encrypted", says: "DRM" },
  },
  {
    name: "no-package.epub",
    about: "a container that names no package",
    bytes: zipSync({ "META-INF/container.xml": utf8("<container/>") }),
    expect: { error: "damaged", says: "EPUB" },
  },
  {
    name: "bomb.epub",
    about: "a chapter that unpacks to much more than it is here",
    bytes: buildEpub([chapter("one", "The first.")], { more: { "OEBPS/text/one.xhtml": ZEROS } }),
    expect: { error: "too-large", says: "unpacks to more than 5 MB" },
  },
  {
    name: "half.epub",
    about: "cut off in the middle",
    bytes: buildEpub([chapter("one", "The first.")]).slice(0, 200),
    expect: { error: "damaged", says: "cut off" },
  },
  {
    name: "letter.docx",
    about: "a heading and paragraphs",
    bytes: buildDocx([
      { text: "The letter", style: "Heading1" },
      { text: "Dear all, the ferry & the quay are closed." },
      { text: "Yours, Orn." },
    ]),
    expect: { format: "docx", title: "The letter", has: ["the ferry & the quay", "Yours, Orn."] },
  },
  {
    name: "plain.docx",
    about: "no heading, and what looks like a tag",
    bytes: buildDocx([{ text: "No heading in here <at all>." }]),
    expect: { format: "docx", title: "plain", has: ["No heading in here <at all>."] },
  },
  {
    name: "pictures.docx",
    about: "a picture as large as a bomb, which nobody unpacks",
    bytes: buildDocx([{ text: "Words." }], { "word/media/huge.bmp": ZEROS }),
    expect: { format: "docx", title: "pictures", has: ["Words."] },
  },
  {
    name: "bomb.docx",
    about: "a text that unpacks to much more than it is here",
    bytes: buildDocx([], { "word/document.xml": ZEROS }),
    expect: { error: "too-large", says: "unpacks to more than" },
  },
  { name: "empty.docx", about: "no paragraph", bytes: buildDocx([]), expect: { error: "no-text" } },
  {
    name: "broken.docx",
    about: "an archive with half a document",
    bytes: zipSync({ "word/document.xml": utf8("<w:document><w:body>") }),
    expect: { error: "damaged", says: "DOCX" },
  },
  {
    name: "files.zip",
    about: "an archive of files",
    bytes: zipSync({ "a.txt": utf8("a") }),
    expect: { error: "binary", says: "unpack it" },
  },
  {
    name: "photo.jpg",
    about: "a picture",
    bytes: new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
    expect: { error: "binary" },
  },
  {
    name: "model.gguf",
    about: "a model",
    bytes: utf8("GGUF\u0003\u0000\u0000\u0000"),
    expect: { error: "binary" },
  },
  { name: "empty.txt", about: "no byte", bytes: utf8(""), expect: { error: "empty" } },
  {
    name: "blank.md",
    about: "nothing but white space",
    bytes: utf8("\n \n\t\n"),
    expect: { error: "empty" },
  },
  {
    name: "noise.txt",
    about: "bytes of every kind",
    bytes: new Uint8Array(2000).map((_, i) => (i * 7919) % 256),
    expect: { error: "binary" },
  },
];
