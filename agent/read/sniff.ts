import { ReadError } from "./errors.ts";

export type Format = "text" | "markdown" | "html" | "pdf" | "epub" | "docx";

const EXTENSIONS: Record<string, Format> = {
  txt: "text",
  text: "text",
  rst: "text",
  org: "text",
  md: "markdown",
  markdown: "markdown",
  mdown: "markdown",
  html: "html",
  htm: "html",
  xhtml: "html",
  pdf: "pdf",
  epub: "epub",
  docx: "docx",
};

/** The formats whose bytes are no text. */
const BINARY = new Set<Format>(["pdf", "epub", "docx"]);

/** Files that people take for text, and how they begin. */
const KNOWN_BINARIES: [string, string][] = [
  ["%PDF-", "a PDF"],
  ["PK\u0003\u0004", "a ZIP archive (as .docx and .epub files are)"],
  ["GGUF", "a GGUF model"],
  ["\u0089PNG", "a picture"],
  ["\u00ff\u00d8\u00ff", "a picture"],
  ["GIF8", "a picture"],
  ["\u001f\u008b", "a compressed file"],
  ["SQLite format 3", "a database"],
  ["{\\rtf", "an RTF document"],
  [
    "\u00d0\u00cf\u0011\u00e0",
    "an old Word document (.doc), or one that is locked with a password",
  ],
];

/** How much of a file decides whether it is text, in bytes. */
const PROBE_BYTES = 64 * 1024;
/** Share of control and replacement characters that no text has. */
const MAX_ODD = 0.02;

/** Whether bytes are a PDF or an archive, as EPUB and DOCX files are, whatever their name says. */
export function binaryKind(bytes: Uint8Array): "pdf" | "zip" | undefined {
  if (startsWith(bytes, "PK\u0003\u0004") || startsWith(bytes, "PK\u0005\u0006")) return "zip";
  // Some writers put a few bytes of their own before it.
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  return start.includes("%PDF-") ? "pdf" : undefined;
}

/** The format of a text, which a name or a header may have called something else. */
export function textFormat(format: Format | undefined): "text" | "markdown" | "html" | undefined {
  return format && BINARY.has(format) ? undefined : (format as "text" | undefined);
}

/** The format that a file's name or an address's path says, if any. */
export function formatOfName(name: string): Format | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  return extension ? EXTENSIONS[extension] : undefined;
}

/** Whether a file in a folder is taken: by its ending, or it has none and may be text. */
export function isReadableName(name: string): boolean {
  return formatOfName(name) !== undefined || !name.includes(".");
}

/** The format of a text whose name does not say it. */
export function formatOfText(text: string): "text" | "html" {
  const start = text.slice(0, 2000).replace(/^\s*(?:<\?xml[^>]*>|<!--[\s\S]*?-->|\s)*/, "");
  return /^<(?:!doctype\s+html|html|head|body)[\s>]/i.test(start) ? "html" : "text";
}

/**
 * Bytes as text: by byte order mark, by the named character set, as UTF-8, else as Windows-1252.
 * @param source for the error message
 * @param charset as an HTTP header or a page names it; an unknown one is ignored
 * @throws ReadError `binary` when it is no text
 */
export function decodeText(bytes: Uint8Array, source: string, charset?: string): string {
  const known = KNOWN_BINARIES.find(([magic]) => startsWith(bytes, magic));
  if (known) throw binary(source, `is ${known[1]}, which cannot be read`);
  const encoding = byteOrderMark(bytes) ?? wideEncoding(bytes, charset);
  if (!encoding && bytes.subarray(0, PROBE_BYTES).includes(0)) {
    throw binary(source, "holds binary data");
  }
  const text = encoding ? new TextDecoder(encoding).decode(bytes) : decode(bytes, charset);
  const probe = text.slice(0, PROBE_BYTES);
  const odd = probe.match(ODD_CHARACTERS)?.length ?? 0;
  if (odd > probe.length * MAX_ODD) throw binary(source, "holds binary data");
  return text.replace(ODD_CHARACTERS, "");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ODD_CHARACTERS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\ufffd]/g;

function binary(source: string, what: string): ReadError {
  return new ReadError(
    "binary",
    source,
    `${source} ${what}: give a text, Markdown, HTML, PDF, EPUB or DOCX file.`,
  );
}

function decode(bytes: Uint8Array, charset: string | undefined): string {
  const utf8 = new TextDecoder("utf-8").decode(bytes);
  // What reads as UTF-8 is UTF-8, even where something else is said of it; plain ASCII proves nothing.
  if (!utf8.includes("\ufffd") && utf8.length < bytes.length) return utf8;
  const named = charset && decoder(charset);
  if (named && named.encoding !== "utf-8") return named.decode(bytes);
  // A few damaged characters among good ones are no other encoding.
  const damaged = utf8.match(/\ufffd/g)?.length ?? 0;
  const good = utf8.match(/[\u0080-\ufffc]/g)?.length ?? 0;
  return damaged > good ? new TextDecoder("windows-1252").decode(bytes) : utf8;
}

/** None for a name that nobody knows. */
function decoder(charset: string): TextDecoder | undefined {
  try {
    return new TextDecoder(charset);
  } catch {
    return undefined;
  }
}

/** The character set that an XML document names in its first line. */
export function charsetOfXml(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 256));
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)/i.exec(start)?.[1];
}

/** The character set that a page names in its first bytes. */
export function charsetOfHtml(bytes: Uint8Array): string | undefined {
  // Browsers look further, too, where it does not come at once.
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, PROBE_BYTES));
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(start)?.[1];
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return undefined;
}

/** UTF-16 without a byte order mark, where somebody says so, or the text is XML or HTML. */
function wideEncoding(bytes: Uint8Array, charset = ""): string | undefined {
  if (!bytes.subarray(0, PROBE_BYTES).includes(0)) return undefined;
  const [first, second] = bytes;
  const named = /^utf-?16(le|be)?$/i.exec(charset);
  if (!named && !(first === 0x3c && second === 0) && !(first === 0 && second === 0x3c)) {
    return undefined;
  }
  const large = named?.[1] ? /be/i.test(named[1]) : first === 0;
  return large ? "utf-16be" : "utf-16le";
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return [...magic].every((character, i) => bytes[i] === character.charCodeAt(0));
}
