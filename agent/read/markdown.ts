import MarkdownIt from "markdown-it";
import type { Block, Extracted } from "./blocks.ts";

// Raw HTML becomes tokens of its own, to be taken off; nothing here is ever rendered.
const parser = new MarkdownIt({ html: true, linkify: false });
// Nor is any link followed: what cannot be followed keeps its words all the same.
parser.validateLink = () => true;
type Token = ReturnType<typeof parser.parse>[number];

/** Lists and tables, nested ones too, are one paragraph each, with a line per item or row. */
const GROUP = /^(?:bullet_list|ordered_list|table)_(?:open|close)$/;

/** The plain text of a Markdown document: links keep their words, code its lines, tables their cells. */
export function extractMarkdown(source: string): Extracted {
  const { body, title } = splitFrontMatter(source);
  const blocks: Block[] = [];
  const add = (kind: Block["kind"], text: string) => {
    if (text.trim() !== "") blocks.push({ kind, text: text.trim() });
  };

  let groups = 0;
  let lines: string[] = [];
  /** The cells of the table row that is open. */
  let row: string[] | undefined;
  let heading = false;
  for (const token of parser.parse(body, {})) {
    if (GROUP.test(token.type)) {
      groups += token.nesting;
      if (groups > 0) continue;
      add("paragraph", lines.join("\n"));
      lines = [];
    } else if (token.type === "tr_open") row = [];
    else if (token.type === "tr_close") {
      lines.push((row ?? []).join(", "));
      row = undefined;
    } else if (token.type === "heading_open") heading = true;
    else if (token.type === "heading_close") heading = false;
    else {
      const text = tokenText(token).trim();
      if (text === "") continue;
      if (row) row.push(text);
      else if (groups > 0) lines.push(text);
      else add(heading ? "heading" : "paragraph", text);
    }
  }
  const first = blocks.find((block) => block.kind === "heading")?.text;
  return { format: "markdown", title: title ?? first, blocks };
}

function tokenText(token: Token): string {
  if (token.type === "fence" || token.type === "code_block") return token.content;
  if (token.type === "html_block") return stripTags(token.content);
  return token.type === "inline" ? inlineText(token.children ?? []) : "";
}

function inlineText(tokens: Token[]): string {
  return tokens
    .map((token) => {
      if (token.type === "softbreak") return " ";
      if (token.type === "hardbreak") return "\n";
      if (token.type === "html_inline") return /^<br\b/i.test(token.content) ? "\n" : "";
      if (token.type === "image") return inlineText(token.children ?? []);
      return token.content;
    })
    .join("");
}

function stripTags(html: string): string {
  return html
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
    .replace(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, "")
    .replace(/<[^<>]*>/g, "");
}

/** Takes off a YAML header, as note-taking programs and site generators write it, for its title. */
function splitFrontMatter(source: string): { body: string; title?: string } {
  const header = /^---[^\S\n]*\r?\n([\s\S]*?)\r?\n(?:---|\.\.\.)[^\S\n]*(?:\r?\n|$)/.exec(source);
  // A rule at the start of a text is no header: every line of one has a key, a comment or an indent.
  if (!header || !header[1]!.split("\n").every((line) => /^(?:[\w-]+:|#|\s|-|\r?$)/.test(line))) {
    return { body: source };
  }
  const title = /^title:\s*(.+?)\s*$/m.exec(header[1]!)?.[1]?.replace(/^(["'])(.*)\1$/, "$2");
  return { body: source.slice(header[0].length), title: title || undefined };
}
