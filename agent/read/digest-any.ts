import { type Digest, digest, digestOf, type RawDocument } from "./digest.ts";
import { extractDocx } from "./docx.ts";
import { extractEpub } from "./epub.ts";
import { ReadError } from "./errors.ts";
import { extractPdf } from "./pdf.ts";
import { binaryKind } from "./sniff.ts";
import { openZip } from "./zip.ts";

/** What a document may cost to take apart. */
export interface DigestLimits {
  /** Bytes that an archive may unpack to. */
  maxUnpacked: number;
}

/**
 * Makes text of a document of any kind that can be read, and passages of the text. What the bytes
 * are counts, not what the name says.
 * @throws ReadError `binary`, `empty`, `no-text`, `damaged`, `encrypted` or `too-large`
 */
export async function digestAny(raw: RawDocument, limits: DigestLimits): Promise<Digest> {
  const { source, bytes } = raw;
  const kind = binaryKind(bytes);
  if (kind === undefined) return digest(raw);
  if (kind === "pdf") {
    return digestOf(
      raw,
      await extractPdf(bytes, source),
      "its pages are probably pictures: make a text of them (OCR) and give that",
    );
  }
  const archive = openZip(bytes, source, limits.maxUnpacked);
  if (archive.has("META-INF/container.xml")) return digestOf(raw, extractEpub(archive, source));
  if (archive.has("word/document.xml")) return digestOf(raw, await extractDocx(archive, source));
  throw new ReadError(
    "binary",
    source,
    `${source} is a ZIP archive and neither an EPUB nor a DOCX: unpack it, and give its files or their folder.`,
  );
}
