import { posix } from "node:path";
import { XMLParser } from "fast-xml-parser";
import type { Block, Extracted } from "./blocks.ts";
import { ReadError } from "./errors.ts";
import { extractArticle } from "./html.ts";
import { charsetOfXml, decodeText } from "./sniff.ts";
import type { Archive } from "./zip.ts";

/** Fonts are often scrambled under these, and the text is not. */
const FONT_ONLY = /idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc#RC/;

interface Package {
  package?: {
    metadata?: Record<string, unknown>;
    manifest?: { item?: Record<string, string>[] };
    spine?: { itemref?: Record<string, string>[] };
  };
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  removeNSPrefix: true,
  // Entities that a document defines itself can grow without end.
  processEntities: false,
  isArray: (name) => ["item", "itemref", "rootfile", "title", "EncryptedData"].includes(name),
});

/**
 * The headings and paragraphs of a book, in the order in which it is read.
 * @throws ReadError `damaged`, `encrypted` or `too-large`
 */
export function extractEpub(archive: Archive, source: string): Extracted {
  refuseLocked(archive, source);
  const { folder, opf } = openPackage(archive, source);
  const hrefs = new Map(
    (opf.manifest?.item ?? []).map((item) => [item["@id"] ?? "", item["@href"] ?? ""]),
  );
  const blocks: Block[] = [];
  for (const reference of opf.spine?.itemref ?? []) {
    const href = hrefs.get(reference["@idref"] ?? "");
    if (!href) continue;
    const bytes = archive.get(posix.join(folder, decoded(href.replace(/#.*$/, ""))));
    // A chapter that is missing, or is a picture, does not spoil the others.
    if (!bytes || bytes.length === 0 || !/html|xml/i.test(href)) continue;
    blocks.push(...extractArticle(decodeText(bytes, source, charsetOfXml(bytes))).blocks);
  }
  return { format: "epub", title: titleOf(opf.metadata), blocks };
}

function openPackage(archive: Archive, source: string) {
  try {
    const container = parse(archive, "META-INF/container.xml", source) as {
      container?: { rootfiles?: { rootfile?: Record<string, string>[] } };
    };
    const path = container.container?.rootfiles?.rootfile?.[0]?.["@full-path"];
    const opf = path ? (parse(archive, path, source) as Package).package : undefined;
    if (path && opf) return { folder: posix.dirname(path), opf };
  } catch (error) {
    if (error instanceof ReadError) throw error;
  }
  throw new ReadError(
    "damaged",
    source,
    `${source} is no EPUB that can be read: its table of contents is missing or damaged.`,
  );
}

function parse(archive: Archive, name: string, source: string): unknown {
  const bytes = archive.get(name);
  return bytes ? parser.parse(decodeText(bytes, source, charsetOfXml(bytes))) : {};
}

function refuseLocked(archive: Archive, source: string): void {
  const rights = archive.get("META-INF/encryption.xml");
  if (!rights) return;
  const methods = new TextDecoder().decode(rights).match(/Algorithm\s*=\s*["'][^"']*["']/g) ?? [];
  if (methods.every((method) => FONT_ONLY.test(method))) return;
  throw new ReadError(
    "encrypted",
    source,
    `${source} is locked by its seller (DRM) and cannot be read: give a copy without it.`,
  );
}

function titleOf(metadata: Record<string, unknown> | undefined): string | undefined {
  const [title] = (metadata?.title as unknown[] | undefined) ?? [];
  const text = typeof title === "object" ? (title as { "#text"?: string })?.["#text"] : title;
  return typeof text === "string" || typeof text === "number"
    ? plain(String(text)) || undefined
    : undefined;
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** One line, with the five entities of XML and characters by number in their place. */
function plain(text: string): string {
  return text
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => NAMED[name]!)
    .replace(/&#(\d{1,7});/g, (whole, code: string) =>
      Number(code) < 0x110000 ? String.fromCodePoint(Number(code)) : whole,
    )
    .replace(/\s+/g, " ")
    .trim();
}

function decoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}
