import type { RawDocument } from "./digest.ts";
import { ReadError } from "./errors.ts";
import { httpGet } from "./http.ts";
import type { ReadLimits } from "./limits.ts";
import type { Format } from "./sniff.ts";

export { isAddress, parseAddress } from "./http.ts";

const ACCEPT =
  "text/html, application/xhtml+xml, application/pdf, application/epub+zip, text/markdown, text/plain;q=0.9, */*;q=0.5";

/** Types that say nothing: what the bytes are is found out from them. */
const UNTOLD = new Set(["", "application/octet-stream", "binary/octet-stream", "application/zip"]);
const FORMATS: Record<string, Format> = {
  "text/html": "html",
  "application/xhtml+xml": "html",
  "text/markdown": "markdown",
  "text/x-markdown": "markdown",
  "application/pdf": "pdf",
  "application/epub+zip": "epub",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
};
/** Text that is not prose, served under a `text/` type. */
const NOT_PROSE = new Set(["text/css", "text/javascript", "text/calendar", "text/vcard"]);

/**
 * Fetches a document: a page, a text, a PDF, a book.
 * @throws HttpError; ReadError as `httpGet`, and `unsupported` or `empty`; the signal's reason
 */
export async function fetchDocument(
  source: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<RawDocument> {
  const { headers, bytes, url } = await httpGet(source, { limits, signal, accept: ACCEPT });
  const { format, charset } = contentType(headers, source);
  if (bytes.length === 0) {
    throw new ReadError(
      "empty",
      source,
      `${source} answered with an empty page: check it in a browser.`,
    );
  }
  return { source, bytes, name: nameOf(url), format, charset };
}

function contentType(headers: Headers, source: string): { format?: Format; charset?: string } {
  const header = headers.get("content-type") ?? "";
  const type = header.split(";")[0]!.trim().toLowerCase();
  const charset = /charset\s*=\s*["']?([\w-]+)/i.exec(header)?.[1];
  if (UNTOLD.has(type)) return { charset };
  if (type in FORMATS) return { format: FORMATS[type], charset };
  // Markdown is mostly served as text/plain, so the name still has a say.
  if (type.startsWith("text/") && !NOT_PROSE.has(type)) return { charset };
  throw new ReadError(
    "unsupported",
    source,
    `${source} is of type ${type}, which cannot be read: give a page, a PDF, an EPUB, a DOCX or a text.`,
  );
}

function nameOf(url: URL): string {
  try {
    return url.pathname === "/" ? url.hostname : decodeURIComponent(url.pathname);
  } catch {
    return url.pathname;
  }
}
