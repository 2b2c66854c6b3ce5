import { createHash } from "node:crypto";
import { zipSync, zlibSync } from "fflate";
import { utf8 } from "./types.ts";

/**
 * A PDF of pages of lines, in one font, as simple as a PDF can be.
 * @param options.extra more entries of the trailer
 */
export function buildPdf(
  pages: { lines: { text: string; y: number; size?: number; x?: number }[] }[],
  options: { title?: string; extra?: string } = {},
): Uint8Array {
  const objects: string[] = [];
  const add = (body: string) => objects.push(body);
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(" ");
  add("<< /Type /Catalog /Pages 2 0 R >>");
  add(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (const { lines } of pages) {
    const stream = lines
      .map(({ text, y, size = 11, x = 72 }) => {
        const escaped = text.replace(/[\\()]/g, "\\$&");
        return `BT /F1 ${size} Tf ${x} ${y} Td (${escaped}) Tj ET`;
      })
      .join("\n");
    const number = objects.length + 1;
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${number + 1} 0 R >>`,
    );
    add(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`);
  }
  if (options.title) add(`<< /Title (${options.title}) >>`);
  let text = "%PDF-1.4\n";
  const offsets = objects.map((body, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const at of offsets) text += `${String(at).padStart(10, "0")} 00000 n \n`;
  const info = options.title ? `/Info ${objects.length} 0 R` : "";
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${info} ${options.extra ?? ""} >>\nstartxref\n${start}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** Lines of prose down a page, as they are set. */
export function prose(lines: string[], from = 760, gap = 14) {
  return lines.map((text, i) => ({ text, y: from - i * gap }));
}

/** A PDF that asks for a password: its keys fit no empty one. */
export function lockedPdf(): Uint8Array {
  const key = "30".repeat(32);
  return buildPdf([{ lines: prose(["Nobody may read this."]) }], {
    extra: `/Encrypt << /Filter /Standard /V 1 /R 2 /O <${key}> /U <${key}> /P -44 >> /ID [<31313131313131313131313131313131> <31313131313131313131313131313131>]`,
  });
}

/** A PDF of one page whose content is packed. */
export function packedPdf(content: Uint8Array): Uint8Array {
  const packed = Buffer.from(zlibSync(content)).toString("latin1");
  const stream = `<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n${packed}\nendstream`;
  return replaceStream(buildPdf([{ lines: [] }]), stream);
}

/** A PDF that anybody may read and nobody may change (40-bit RC4, PDF 1.4, algorithms 3.2 to 3.4). */
export function ownerLockedPdf(line: string): Uint8Array {
  const pad = Buffer.from(
    "28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a",
    "hex",
  );
  const id = Buffer.from("1".repeat(16));
  const rights = Buffer.from([0xd4, 0xff, 0xff, 0xff]);
  const owner = rc4(
    md5(Buffer.concat([Buffer.from("secret"), pad]).subarray(0, 32)).subarray(0, 5),
    pad,
  );
  const key = md5(Buffer.concat([pad, owner, rights, id])).subarray(0, 5);
  const hex = (bytes: Buffer) => bytes.toString("hex");
  const pdf = buildPdf([{ lines: [] }], {
    extra: `/Encrypt << /Filter /Standard /V 1 /R 2 /O <${hex(owner)}> /U <${hex(rc4(key, pad))}> /P -44 >> /ID [<${hex(id)}> <${hex(id)}>]`,
  });
  // The content is object 5, generation 0.
  const own = md5(Buffer.concat([key, Buffer.from([5, 0, 0, 0, 0])])).subarray(0, 10);
  const text = rc4(own, Buffer.from(`BT /F1 11 Tf 72 700 Td (${line}) Tj ET`)).toString("latin1");
  return replaceStream(pdf, `<< /Length ${text.length} >>\nstream\n${text}\nendstream`);
}

/** Puts another content in the place of an empty page's; readers find the objects all the same. */
function replaceStream(pdf: Uint8Array, stream: string): Uint8Array {
  const text = Buffer.from(pdf).toString("latin1");
  const parts = text.split("<< /Length 0 >>\nstream\n\nendstream");
  return new Uint8Array(Buffer.from(parts.join(stream), "latin1"));
}

function md5(bytes: Buffer): Buffer {
  return createHash("md5").update(bytes).digest();
}

function rc4(key: Buffer, bytes: Buffer): Buffer {
  const box = Array.from({ length: 256 }, (_, i) => i);
  const swap = (i: number, j: number) => {
    [box[i], box[j]] = [box[j]!, box[i]!];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + box[i]! + key[i % key.length]!) & 255;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return bytes.map((byte) => {
    i = (i + 1) & 255;
    j = (j + box[i]!) & 255;
    swap(i, j);
    return byte ^ box[(box[i]! + box[j]!) & 255]!;
  }) as Buffer;
}

/** An EPUB of chapters, whose spine may be in another order than its files. */
export function buildEpub(
  chapters: { name: string; html: string }[],
  options: { title?: string; spine?: string[]; more?: Record<string, Uint8Array> } = {},
): Uint8Array {
  const { title = "A book", spine = chapters.map(({ name }) => name), more = {} } = options;
  const manifest = chapters
    .map(
      ({ name }) =>
        `<item id="${name}" href="text/${name}.xhtml" media-type="application/xhtml+xml"/>`,
    )
    .join("");
  const refs = spine.map((name) => `<itemref idref="${name}"/>`).join("");
  return zipSync({
    mimetype: [utf8("application/epub+zip"), { level: 0 }],
    "META-INF/container.xml": utf8(
      '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    ),
    "OEBPS/content.opf": utf8(
      `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${title}</dc:title></metadata><manifest>${manifest}</manifest><spine>${refs}</spine></package>`,
    ),
    ...Object.fromEntries(
      chapters.map(({ name, html }) => [
        `OEBPS/text/${name}.xhtml`,
        utf8(
          `<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>${name}</title></head><body>${html}</body></html>`,
        ),
      ]),
    ),
    ...more,
  });
}

/** A DOCX of paragraphs, each with the name of its style. */
export function buildDocx(
  paragraphs: { text: string; style?: string }[],
  more: Record<string, Uint8Array> = {},
): Uint8Array {
  const body = paragraphs
    .map(({ text, style }) => {
      const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
      const named = style ? `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>` : "";
      return `<w:p>${named}<w:r><w:t xml:space="preserve">${escaped}</w:t></w:r></w:p>`;
    })
    .join("");
  const w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
  const styles = ["Heading1", "Title"]
    .map((id) => {
      const name = id === "Title" ? "Title" : "heading 1";
      return `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/></w:style>`;
    })
    .join("");
  return zipSync({
    "[Content_Types].xml": utf8(
      '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    ),
    "_rels/.rels": utf8(
      '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    ),
    "word/document.xml": utf8(
      `<?xml version="1.0"?><w:document ${w}><w:body>${body}</w:body></w:document>`,
    ),
    "word/styles.xml": utf8(`<?xml version="1.0"?><w:styles ${w}>${styles}</w:styles>`),
    ...more,
  });
}
