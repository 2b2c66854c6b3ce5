import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import type { Extracted } from "./blocks.ts";
import { depthOf, elementBlocks } from "./html-blocks.ts";

/**
 * Nesting beyond which the article is not searched for: that search is recursive and takes time
 * quadratic in the depth, and no page that a person wrote is so deep.
 */
const MAX_DEPTH = 256;
/** An article shorter than this share of the page's text was probably not all of it. */
const MIN_SHARE = 0.1;

/**
 * The article of a page, without navigation and advertisements, paragraph by paragraph. Where no
 * article is found, it is all of the page's text.
 */
export function extractHtml(html: string): Extracted {
  const { document } = parseHTML(wrapped(html));
  const title = clean(document.querySelector("title")?.textContent ?? "") || undefined;
  const root = document.documentElement as unknown as Element;
  const page = elementBlocks(root, { furniture: false });
  if (depthOf(root) > MAX_DEPTH) {
    return { format: "html", title, blocks: page };
  }
  const article = findArticle(document);
  const blocks = article?.content ? elementBlocks(article.content) : [];
  const enough = length(blocks) >= MIN_SHARE * length(page);
  return {
    format: "html",
    title: clean(article?.title ?? "") || title,
    blocks: blocks.length > 0 && enough ? blocks : page,
  };
}

function findArticle(document: unknown) {
  try {
    // linkedom's types are its own; what Readability uses of a document is there.
    return new Readability<Element>(document as Document, {
      serializer: (node) => node as Element,
    }).parse();
  } catch {
    // It stumbles over pages that lack a body, or the like; their text is there all the same.
    return null;
  }
}

/** All of the text of HTML that is an article and nothing else: a feed's entry, a book's chapter. */
export function extractArticle(html: string): Extracted {
  const { document } = parseHTML(wrapped(html));
  const title = clean(document.querySelector("title")?.textContent ?? "") || undefined;
  const blocks = elementBlocks(document.documentElement as unknown as Element);
  return { format: "html", title, blocks };
}

/** The text of a piece of HTML, on one line. */
export function plain(html: string): string {
  const { document } = parseHTML(wrapped(html));
  const root = document.documentElement as unknown as Element;
  return clean(
    elementBlocks(root)
      .map(({ text }) => text)
      .join(" "),
  );
}

function clean(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function length(blocks: { text: string }[]): number {
  return blocks.reduce((sum, block) => sum + block.text.length, 0);
}

/** A fragment needs a document around it, or the parser takes its first element for the root. */
function wrapped(html: string): string {
  if (/<html[\s>]/i.test(html)) return html;
  return /<body[\s>]/i.test(html)
    ? `<!doctype html><html>${html}</html>`
    : `<!doctype html><html><body>${html}</body></html>`;
}
