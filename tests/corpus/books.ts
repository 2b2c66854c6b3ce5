import { type Zippable, zipSync } from "fflate";
import { buildDocx, buildEpub, buildPdf, ownerLockedPdf, packedPdf, prose } from "./build.ts";
import { type DocumentCase, latin1, utf8 } from "./types.ts";

const FERRY = "The ferry leaves at nine every day, and it is blue.";
const LAUGHS = `<!DOCTYPE x [<!ENTITY a "${"lol".repeat(100)}"><!ENTITY b "${"&a;".repeat(100)}"><!ENTITY c "${"&b;".repeat(100)}">]>`;
const xhtml = (body: string, first = '<?xml version="1.0" encoding="utf-8"?>') =>
  `${first}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>one</title></head><body>${body}</body></html>`;
const CHAPTER = [{ name: "one", html: `<p>${FERRY}</p>` }];
const W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const docx = (body: string, first = '<?xml version="1.0"?>') =>
  buildDocx([], {
    "word/document.xml": utf8(`${first}<w:document ${W}><w:body>${body}</w:body></w:document>`),
  });
const run = (text: string) => `<w:r><w:t xml:space="preserve">${text}</w:t></w:r>`;
const paragraph = (inner: string) => `<w:p>${inner}</w:p>`;
const pdf = (lines = [FERRY]) => buildPdf([{ lines: prose(lines) }]);
const patched = (bytes: Uint8Array, from: string, to: string) =>
  latin1(Buffer.from(bytes).toString("latin1").replace(from, to));

/** An archive that says of each of its entries that it has so many bytes. */
function lying(bytes: Uint8Array, size: number): Uint8Array {
  const copy = Buffer.from(bytes);
  const mark = Buffer.from("PK\u0001\u0002", "latin1");
  for (let at = copy.indexOf(mark); at >= 0; at = copy.indexOf(mark, at + 4)) {
    copy.writeUInt32LE(size, at + 24);
  }
  return new Uint8Array(copy);
}

const empty: Zippable = Object.fromEntries(
  Array.from({ length: 20_001 }, (_, i) => [`${i}`, new Uint8Array()]),
);

/** Books, papers and letters, which are not what they seem or not as they should be. */
export const BOOKS: DocumentCase[] = [
  {
    name: "publisher.pdf",
    about: "encrypted, but no password is needed to read it",
    bytes: ownerLockedPdf(FERRY),
    expect: { format: "pdf", title: "publisher", has: [FERRY] },
  },
  {
    name: "lost-table.pdf",
    about: "its table of objects is not where it says",
    bytes: patched(pdf(), "startxref", "startxref\n1\n%"),
    expect: { format: "pdf", title: "lost table", has: [FERRY] },
  },
  {
    name: "cut.pdf",
    about: "its last part did not come through",
    bytes: pdf().slice(0, -190),
    expect: { error: "damaged", says: "damaged PDF" },
  },
  {
    name: "circle.pdf",
    about: "pages that are their own parents",
    bytes: patched(pdf(), "/Kids [4 0 R]", "/Kids [2 0 R]"),
    expect: { error: "damaged" },
  },
  {
    name: "bomb.pdf",
    about: "a page that unpacks to much more than it is here",
    bytes: packedPdf(utf8(" ".repeat(20 * 1024 * 1024))),
    expect: { error: "no-text" },
  },
  {
    name: "packed.pdf",
    about: "a page that is packed, as most are",
    bytes: packedPdf(utf8(`BT /F1 11 Tf 72 700 Td (${FERRY}) Tj ET`)),
    expect: { format: "pdf", title: "packed", has: [FERRY] },
  },
  {
    name: "script.pdf",
    about: "a script that runs when it is opened",
    bytes: patched(
      pdf(),
      "<< /Type /Catalog",
      "<< /OpenAction << /S /JavaScript /JS (app.alert\\('steal'\\)) >> /Type /Catalog",
    ),
    expect: { format: "pdf", title: "script", has: [FERRY], hasNot: ["steal"] },
  },
  {
    name: "columns.pdf",
    about: "two columns",
    bytes: buildPdf([
      {
        lines: [
          ...["Left one tells of ships.", "Left two tells of tides."].map((text, i) => ({
            text,
            y: 700 - i * 14,
          })),
          ...["Right one tells of towns.", "Right two tells of treaties."].map((text, i) => ({
            text,
            y: 700 - i * 14,
            x: 320,
          })),
        ],
      },
    ]),
    expect: {
      format: "pdf",
      title: "columns",
      has: ["ships. Left two", "towns. Right two"],
    },
  },
  {
    name: "behind.pdf",
    about: "a few bytes in front of the PDF",
    bytes: latin1(`junk\n${Buffer.from(pdf()).toString("latin1")}`),
    expect: { format: "pdf", title: "behind", has: [FERRY] },
  },
  {
    name: "spaces.epub",
    about: "a chapter whose name has a space, and is written as addresses are",
    bytes: buildEpub([{ name: "chapter%20one", html: "" }], {
      more: { "OEBPS/text/chapter one.xhtml": utf8(xhtml(`<p>${FERRY}</p>`)) },
    }),
    expect: { format: "epub", title: "A book", has: [FERRY] },
  },
  {
    name: "latin1.epub",
    about: "a chapter in ISO-8859-1",
    bytes: buildEpub(CHAPTER, {
      more: {
        "OEBPS/text/one.xhtml": latin1(
          xhtml("<p>Gr\u00fc\u00dfe vom Hafen.</p>", '<?xml version="1.0" encoding="iso-8859-1"?>'),
        ),
      },
    }),
    expect: { format: "epub", title: "A book", has: ["Grüße vom Hafen."] },
  },
  {
    name: "laughs.epub",
    about: "a chapter whose entities multiply",
    bytes: buildEpub(CHAPTER, {
      more: { "OEBPS/text/one.xhtml": utf8(xhtml(`<p>&c;</p><p>${FERRY}</p>`, LAUGHS)) },
    }),
    expect: { format: "epub", title: "A book", has: [FERRY], hasNot: ["lollollol"] },
  },
  {
    name: "laughing-title.epub",
    about: "a title whose entities multiply",
    bytes: buildEpub(CHAPTER, {
      more: {
        "OEBPS/content.opf": utf8(
          `<?xml version="1.0"?>${LAUGHS}<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>&c;</dc:title></metadata><manifest><item id="one" href="text/one.xhtml"/></manifest><spine><itemref idref="one"/></spine></package>`,
        ),
      },
    }),
    expect: { format: "epub", title: "&c;", has: [FERRY] },
  },
  {
    name: "again.epub",
    about: "one large chapter, fifty times in the spine",
    bytes: buildEpub([{ name: "one", html: `<p>${"Words. ".repeat(40_000)}</p>` }], {
      spine: Array.from({ length: 50 }, () => "one"),
    }),
    expect: { error: "too-large", says: "unpacks to more than" },
  },
  {
    name: "lies.epub",
    about: "a chapter that is larger than the archive says, and is cut off there",
    bytes: lying(
      buildEpub([{ name: "one", html: `<p>${"Words. ".repeat(500_000)}</p>` }], {}),
      900,
    ),
    expect: { format: "epub", title: "A book", has: ["Words. Words."] },
  },
  {
    name: "entries.epub",
    about: "more than twenty thousand entries",
    bytes: zipSync(empty, { level: 0 }),
    expect: { error: "too-large", says: "entries" },
  },
  {
    name: "pictures.epub",
    about: "a comic: pages that are pictures",
    bytes: buildEpub([{ name: "one", html: '<img src="1.png" alt=""/>' }]),
    expect: { error: "no-text" },
  },
  {
    name: "within.epub",
    about: "a bomb within it, which no chapter is",
    bytes: buildEpub(CHAPTER, {
      more: { "OEBPS/bomb.zip": zipSync({ a: new Uint8Array(6 * 1024 * 1024) }) },
    }),
    expect: { format: "epub", title: "A book", has: [FERRY] },
  },
  {
    name: "table.docx",
    about: "a table",
    bytes: docx(
      `<w:tbl><w:tr><w:tc>${paragraph(run("Monday"))}</w:tc><w:tc>${paragraph(run("nine"))}</w:tc></w:tr></w:tbl>${paragraph(run(FERRY))}`,
    ),
    expect: { format: "docx", title: "table", has: ["Monday", "nine", FERRY] },
  },
  {
    name: "changes.docx",
    about: "tracked changes: what was struck out is not told",
    bytes: docx(
      paragraph(
        `${run("The ferry is ")}<w:del w:id="1" w:author="a"><w:r><w:delText>red</w:delText></w:r></w:del><w:ins w:id="2" w:author="a">${run("blue")}</w:ins>${run(".")}`,
      ),
    ),
    expect: { format: "docx", title: "changes", has: ["The ferry is blue."], hasNot: ["red"] },
  },
  {
    name: "laughs.docx",
    about: "entities that multiply",
    bytes: docx(paragraph(run("&c;")) + paragraph(run(FERRY)), LAUGHS),
    expect: { error: "damaged" },
  },
  {
    name: "outside.docx",
    about: "a picture that is a file of this machine, and a link that is a script",
    bytes: buildDocx([{ text: FERRY }], {
      "word/_rels/document.xml.rels": utf8(
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="file:///etc/passwd" TargetMode="External"/></Relationships>',
      ),
    }),
    expect: { format: "docx", title: "outside", has: [FERRY], hasNot: ["root:"] },
  },
  {
    name: "deep.docx",
    about: "five thousand elements in one another",
    bytes: docx(
      paragraph(`${"<w:smartTag>".repeat(5000)}${run(FERRY)}${"</w:smartTag>".repeat(5000)}`),
    ),
    expect: { format: "docx", title: "deep", has: [FERRY] },
  },
  {
    name: "letter.odt",
    about: "OpenDocument, which is not read",
    bytes: zipSync({
      mimetype: utf8("application/vnd.oasis.opendocument.text"),
      "content.xml": utf8("<office:document-content/>"),
    }),
    expect: { error: "binary", says: "neither an EPUB nor a DOCX" },
  },
];
