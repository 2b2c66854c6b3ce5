import { zipSync } from "fflate";
import mammoth from "mammoth";
import type { Extracted } from "./blocks.ts";
import { ReadError } from "./errors.ts";
import { extractArticle } from "./html.ts";
import type { Archive } from "./zip.ts";

/** What mammoth reads; pictures are left packed. */
const PARTS = /^(?:\[Content_Types\]\.xml|_rels\/\.rels|word\/(?:_rels\/)?[^/]+\.(?:xml|rels))$/;

/**
 * The headings and paragraphs of a DOCX file.
 * @throws ReadError `damaged` or `too-large`
 */
export async function extractDocx(archive: Archive, source: string): Promise<Extracted> {
  // mammoth unpacks without any limit, so it is given what was unpacked within ours.
  const parts = Object.fromEntries(
    archive.names.filter((name) => PARTS.test(name)).map((name) => [name, archive.get(name)!]),
  );
  let html: string;
  try {
    const buffer = Buffer.from(zipSync(parts, { level: 0 }));
    html = (await mammoth.convertToHtml({ buffer }, { styleMap: ["p[style-name='Title'] => h1"] }))
      .value;
  } catch (error) {
    throw new ReadError(
      "damaged",
      source,
      `${source} is no DOCX file that can be read: open it in a word processor and save it again.`,
      { cause: error },
    );
  }
  const { blocks } = extractArticle(html);
  const first = blocks[0];
  return { format: "docx", title: first?.kind === "heading" ? first.text : undefined, blocks };
}
