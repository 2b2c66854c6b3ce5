import type { Block } from "./blocks.ts";

const words = (list: string) => new Set(list.split(" "));

/** What is never text to be learned. */
const SKIPPED = words(
  "script style noscript template svg math canvas iframe object embed audio video map head title " +
    "button input select textarea label nav dialog",
);
/** Around an article, and not part of it. */
const FURNITURE = words("header footer aside menu");
const HEADINGS = words("h1 h2 h3 h4 h5 h6");
/** One paragraph each, with a line per item or row. */
const GROUPS = words("ul ol dl table pre");
const LINES = words("li dt dd tr caption");
const CELLS = words("td th");
const PARAGRAPHS = words(
  "p div section article main body blockquote figure figcaption address hr details summary " +
    "header footer aside menu center fieldset form search",
);
/** A table with any of these in it lays out a page: its cells are no rows of one paragraph. */
const LAYOUT = "p, div, table, h1, h2, h3, h4, ul, ol, br + br";
/** Looking into tables within tables costs the square of the depth, so it ends somewhere. */
const MAX_LAYOUT_DEPTH = 64;

/** Stands for a line break that was written as one; two in a row part paragraphs. */
const BREAK = "\u2028";
/** What sites put behind a heading for people who edit it or link to it. */
const HEADING_LINK = /\s*(?:\[edit\]|[¶§#])+$/;
/** A reference mark, such as "[12]" or "[note 3]". */
const REFERENCE = /^\s*\[[^\]]{1,12}\]\s*$/;

/** How deep elements are nested below `root`, itself included. */
export function depthOf(root: Element): number {
  let deepest = 0;
  walk(root, {
    enter: (_element, depth) => {
      deepest = Math.max(deepest, depth);
      return true;
    },
    leave: () => {},
    text: () => {},
  });
  return deepest;
}

/**
 * The headings and paragraphs below an element, in their order. Takes time in proportion to its
 * size, and no stack, however it is nested.
 * @param options.furniture whether headers, footers and asides count (default true)
 */
export function elementBlocks(root: Element, options: { furniture?: boolean } = {}): Block[] {
  const { furniture = true } = options;
  const blocks: Block[] = [];
  let text = "";
  let kind: Block["kind"] = "paragraph";
  let groups = 0;
  let preformatted = 0;
  const tables: boolean[] = [];

  const flush = () => {
    for (const part of text.split(/\u2028\s*\u2028[\s\u2028]*/)) {
      const lines = part.split(/[\n\u2028]/).map((line) => line.replace(/\s+/g, " ").trim());
      let joined = lines.filter(Boolean).join("\n");
      if (kind === "heading") joined = joined.replace(HEADING_LINK, "");
      if (joined !== "") blocks.push({ kind, text: joined });
    }
    text = "";
  };
  const boundary = (name: string) => {
    if (HEADINGS.has(name)) flush();
    else if (groups === 0 && isBlock(name)) flush();
    else if (LINES.has(name) || PARAGRAPHS.has(name)) text += "\n";
  };

  walk(root, {
    enter: (element, depth) => {
      const name = element.localName;
      if (SKIPPED.has(name) || (!furniture && FURNITURE.has(name)) || isHidden(element)) {
        return false;
      }
      if (name === "sup" && REFERENCE.test(element.textContent ?? "")) return false;
      boundary(name);
      if (HEADINGS.has(name)) kind = "heading";
      if (GROUPS.has(name)) {
        const layout =
          name === "table" && (depth > MAX_LAYOUT_DEPTH || element.querySelector(LAYOUT) !== null);
        tables.push(!layout);
        if (!layout) groups += 1;
      }
      if (name === "pre") preformatted += 1;
      if (name === "br") text += BREAK;
      if (CELLS.has(name) && /\S[^\S\n]*$/.test(text)) text += ", ";
      return true;
    },
    leave: (element) => {
      const name = element.localName;
      if (GROUPS.has(name) && tables.pop()) groups -= 1;
      boundary(name);
      if (HEADINGS.has(name)) kind = "paragraph";
      if (name === "pre") preformatted -= 1;
    },
    text: (value) => {
      text += preformatted > 0 ? value : value.replace(/\s+/g, " ");
    },
  });
  flush();
  return blocks;
}

function isBlock(name: string): boolean {
  return PARAGRAPHS.has(name) || GROUPS.has(name) || LINES.has(name) || CELLS.has(name);
}

function isHidden(element: Element): boolean {
  return (
    element.hasAttribute("hidden") ||
    element.getAttribute("aria-hidden") === "true" ||
    /display\s*:\s*none/i.test(element.getAttribute("style") ?? "")
  );
}

interface Visitor {
  /** Returns whether to go into the element; if not, it is not left either. The root has depth 1. */
  enter(element: Element, depth: number): boolean;
  leave(element: Element): void;
  text(value: string): void;
}

const ELEMENT = 1;
const TEXT = 3;

function walk(root: Element, visitor: Visitor): void {
  if (!visitor.enter(root, 1)) return;
  const open: Element[] = [root];
  let node: ChildNode | null = root.firstChild;
  while (open.length > 0) {
    if (!node) {
      const element = open.pop()!;
      visitor.leave(element);
      node = open.length > 0 ? element.nextSibling : null;
      continue;
    }
    if (node.nodeType === ELEMENT && visitor.enter(node as Element, open.length + 1)) {
      open.push(node as Element);
      node = node.firstChild;
      continue;
    }
    if (node.nodeType === TEXT) visitor.text(node.nodeValue ?? "");
    node = node.nextSibling;
  }
}
