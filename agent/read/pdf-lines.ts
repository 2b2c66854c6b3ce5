import type { Block } from "./blocks.ts";

/** A line of a page: its text, and where it stands, in points from the page's lower left corner. */
export interface Line {
  text: string;
  x: number;
  y: number;
  /** Where it ends. */
  end: number;
  /** Height of its letters. */
  size: number;
}

/** A gap between lines this many times the usual one parts paragraphs. */
const PARAGRAPH_GAP = 1.4;
/** Letters this many times larger than the text's are a heading's. */
const HEADING_SIZE = 1.15;
const MAX_HEADING = 200;
/** A first or last line that stands on so many pages, and on this share of them, is no text. */
const REPEATED = { pages: 3, share: 0.4 };
const PAGE_NUMBER =
  /^(?:page\s+)?[-–—]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-–—]?(?:\s*(?:of|\/)\s*\d{1,4})?$/i;
const CLOSED = /[.!?:;…。！？]["'”’)\]]*\d{0,2}$/u;

/** Puts the lines of pages together to headings and paragraphs, without page numbers and running heads. */
export function pageBlocks(pages: Line[][]): Block[] {
  const kept = withoutFurniture(pages);
  const lines = kept.flat();
  const size = quantile(
    lines.flatMap((line) => repeat(line.size, line.text.length)),
    0.5,
  );
  // Most gaps are within paragraphs; where paragraphs are short, a good many are not.
  const gap = quantile(kept.flatMap(gaps), 0.4) || size * 1.2;
  const blocks: Block[] = [];
  let open: { heading: boolean; text: string; last: Line } | undefined;
  const close = () => {
    if (open) blocks.push({ kind: open.heading ? "heading" : "paragraph", text: open.text });
    open = undefined;
  };
  for (const page of kept) {
    const left = Math.min(...page.map(({ x }) => x));
    page.forEach((line, index) => {
      const heading = line.size > size * HEADING_SIZE && line.text.length <= MAX_HEADING;
      const turned = index === 0;
      if (open && (open.heading !== heading || parts(open.last, line, { gap, turned, left }))) {
        close();
      }
      open = { heading, text: open ? joined(open.text, line.text) : line.text, last: line };
    });
  }
  close();
  return blocks;
}

/** Whether a paragraph ends between two lines. */
function parts(
  before: Line,
  line: Line,
  { gap, turned, left }: { gap: number; turned: boolean; left: number },
): boolean {
  const down = before.y - line.y;
  // On the next page, or at the top of the next column, a sentence goes on.
  if (turned || down < 0) return CLOSED.test(before.text);
  if (down > gap * PARAGRAPH_GAP) return true;
  const indented = line.x - Math.max(before.x, left) > line.size * 0.8;
  return indented && CLOSED.test(before.text);
}

/** A word that was parted at the end of a line is put together. */
function joined(text: string, next: string): string {
  if (/\p{L}[-\u00ad\u2010]$/u.test(text) && /^\p{Ll}/u.test(next)) return text.slice(0, -1) + next;
  return `${text} ${next}`;
}

function withoutFurniture(pages: Line[][]): Line[][] {
  const seen = new Map<string, number>();
  const edges = pages.map((page) => [...new Set([page[0], page.at(-1)])].filter((it) => !!it));
  for (const line of edges.flat()) {
    seen.set(shape(line), (seen.get(shape(line)) ?? 0) + 1);
  }
  const isFurniture = (line: Line) => {
    const times = seen.get(shape(line)) ?? 0;
    const repeated = times >= REPEATED.pages && times >= pages.length * REPEATED.share;
    return repeated || PAGE_NUMBER.test(line.text);
  };
  return pages.map((page, index) =>
    page.filter((line) => !(edges[index]!.includes(line) && isFurniture(line))),
  );
}

/** Running heads differ by the page's number. */
function shape(line: Line): string {
  return line.text.replace(/\d+/g, "#");
}

function gaps(page: Line[]): number[] {
  return page.slice(1).flatMap((line, i) => {
    const down = page[i]!.y - line.y;
    return down > 0 ? [Math.round(down * 2) / 2] : [];
  });
}

function repeat(value: number, times: number): number[] {
  // Letters of one size count by tens: the median needs no more.
  return new Array<number>(Math.ceil(times / 10)).fill(Math.round(value * 2) / 2);
}

function quantile(values: number[], share: number): number {
  return values.sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0;
}
