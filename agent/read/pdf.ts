import { getDocumentProxy } from "unpdf";
import type { Extracted } from "./blocks.ts";
import { ReadError } from "./errors.ts";
import { type Line, pageBlocks } from "./pdf-lines.ts";

/** No book has so many pages; collections of scans have. */
const MAX_PAGES = 5000;
/** Titles that programs write where nobody gave one. */
const NO_TITLE =
  /^(?:untitled|microsoft word|document\d*$|slide \d+|.*\.(?:docx?|tex|dvi|indd|pdf)$)/i;

/** What pdf.js says of a piece of text; the transform's last two figures are where it stands. */
interface TextItem {
  str: string;
  transform: number[];
  height: number;
  width: number;
  hasEOL: boolean;
}

/**
 * The headings and paragraphs of a PDF, put together from lines of text by where they stand.
 * @throws ReadError `encrypted`, `damaged` or `too-large`
 */
export async function extractPdf(bytes: Uint8Array, source: string): Promise<Extracted> {
  try {
    // pdf.js takes the buffer over, so it gets one of its own.
    const pdf = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
    if (pdf.numPages > MAX_PAGES) {
      throw new ReadError(
        "too-large",
        source,
        `${source} has ${pdf.numPages} pages, but one document may have at most ${MAX_PAGES}: split it.`,
      );
    }
    const pages: Line[][] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(linesOf(items as TextItem[]));
      page.cleanup();
    }
    const blocks = pageBlocks(pages);
    const heading = blocks.find(({ kind }) => kind === "heading");
    return { format: "pdf", title: (await ownTitle(pdf)) ?? heading?.text, blocks };
  } catch (error) {
    if (error instanceof ReadError) throw error;
    throw explain(error, source);
  }
}

/** The pieces of a page as lines, in the order in which the page has them. */
function linesOf(items: TextItem[]): Line[] {
  const lines: Line[] = [];
  let open: Line | undefined;
  for (const { str, transform, height, width, hasEOL } of items) {
    const [x = 0, y = 0] = transform.slice(4);
    if (str.trim() !== "") {
      const size = height || Math.abs(transform[3] ?? 0);
      // Superscripts stand a little higher than their line and are smaller.
      if (open && Math.abs(open.y - y) < Math.max(open.size, size) * 0.6 && x >= open.x) {
        const gap = x - open.end > size * 0.15 && !/\s$/.test(open.text) && !/^\s/.test(str);
        open.text += (gap ? " " : "") + str;
        open.end = x + width;
      } else {
        open = { text: str, x, y, end: x + width, size };
        lines.push(open);
      }
    } else if (open && str !== "") {
      open.text += " ";
    }
    if (hasEOL) open = undefined;
  }
  return lines
    .map((line) => ({ ...line, text: line.text.replace(/\s+/g, " ").trim() }))
    .filter(({ text }) => text !== "");
}

async function ownTitle(pdf: {
  getMetadata(): Promise<{ info: unknown }>;
}): Promise<string | undefined> {
  const { info } = await pdf.getMetadata().catch(() => ({ info: {} }));
  const title = (info as { Title?: unknown })?.Title;
  const text = typeof title === "string" ? title.replace(/\s+/g, " ").trim() : "";
  return text.length > 2 && !NO_TITLE.test(text) ? text : undefined;
}

function explain(error: unknown, source: string): ReadError {
  const name = error instanceof Error ? error.name : "";
  if (name === "PasswordException") {
    return new ReadError(
      "encrypted",
      source,
      `${source} is locked with a password: save a copy without one, and give that.`,
      { cause: error },
    );
  }
  return new ReadError(
    "damaged",
    source,
    `${source} is a damaged PDF that cannot be read: fetch or save it again.`,
    { cause: error },
  );
}
