import { DOCUMENTS, EXCHANGES, FEEDS, LISTS } from "./index.ts";
import type { DocumentCase, ExchangeCase, FeedCase, ListCase } from "./types.ts";

/** One line of the table: what a case is, and what is expected of it. */
interface Row {
  kind: string;
  what: string;
  expected: string;
}

const MINUTE = 60_000;

/** The corpus as a table, in Markdown. */
export function corpusTable(): string {
  const rows = [
    ...FEEDS.map(feedRow),
    ...LISTS.map(listRow),
    ...EXCHANGES.map(exchangeRow),
    ...DOCUMENTS.map(documentRow),
  ];
  const cell = (text: string) => text.replace(/[|<&]/g, (sign) => `\\${sign}`).replace(/\s+/g, " ");
  const lines = rows.map(
    ({ kind, what, expected }, i) => `| ${i + 1} | ${kind} | ${cell(what)} | ${cell(expected)} |`,
  );
  return `# The corpus

${rows.length} feeds, lists, exchanges with servers and documents, made for the tests of reading: what each is, and what is
expected of it. They are in the files beside this one; \`bun test tests/unit/agent/read tests/unit/agent/sources\`
runs them through the code that reads, and checks that this table is true. \`bun tests/corpus/write.ts\` writes it.

| | kind | what it is | expected |
|---:|---|---|---|
${lines.join("\n")}
`;
}

function feedRow({ name, expect, listing }: FeedCase): Row {
  const [, kind = "", what = name] = /^([^:]{3,12}?)(?: feed)?: (.*)$/.exec(name) ?? [];
  return {
    kind: listing ? "arXiv" : (KINDS[kind] ?? "feed"),
    what,
    expected: "error" in expect ? `refused: ${expect.error}` : entriesWords(expect),
  };
}

const KINDS: Record<string, string> = { rss: "RSS", rdf: "RSS", atom: "Atom", json: "JSON Feed" };

function entriesWords({ entries, ttlMinutes }: Exclude<FeedCase["expect"], { error: unknown }>) {
  const [first] = entries;
  const details = first
    ? [
        first.title !== undefined && `“${clip(first.title)}”`,
        first.key !== undefined && `known by ${clip(first.key)}`,
        first.link === null ? "no link" : first.link && `leads to ${clip(first.link)}`,
        first.date === null ? "no date" : first.date,
        first.has && `has “${clip(first.has)}”`,
        first.hasNot && `has not “${clip(first.hasNot)}”`,
        ttlMinutes && `at most every ${ttlMinutes} minutes`,
      ]
    : [];
  const count = entries.length === 1 ? "1 entry" : `${entries.length} entries`;
  return [count, ...details].filter(Boolean).join(", ");
}

function listRow({ name, expect }: ListCase): Row {
  const expected =
    "error" in expect
      ? `refused: ${expect.error}`
      : [
          expect.feeds.length === 1 ? "1 feed" : `${expect.feeds.length} feeds`,
          ...expect.feeds.map(({ address, title }) => (title ? `“${clip(title)}”` : clip(address))),
        ].join(", ");
  return { kind: "OPML", what: name.replace("opml: ", ""), expected };
}

function exchangeRow({ name, looks, documents, superseded = 0 }: ExchangeCase): Row {
  const steps = looks.map(({ expect: { fresh, changed, error, failures, state, path, wait } }) =>
    [
      fresh !== undefined && `${fresh} new`,
      changed !== undefined && `${changed} changed`,
      error === null ? "no error" : error && `says “${error}”`,
      failures !== undefined && `${failures} failures`,
      state,
      path && `at ${path}`,
      wait && `again in ${wait.map((ms) => Math.round(ms / MINUTE)).join(" to ")} minutes`,
    ]
      .filter(Boolean)
      .join(", "),
  );
  const end = `${documents} documents${superseded > 0 ? `, ${superseded} out of date` : ""}`;
  return { kind: "server", what: name, expected: `${steps.join("; then ")}; ${end}` };
}

function documentRow({ name, about, expect }: DocumentCase): Row {
  const [, ending = "none"] = /\.([a-z]+)$/.exec(name) ?? [];
  return {
    kind: "error" in expect ? ending : expect.format,
    what: `${name}: ${about}`,
    expected:
      "error" in expect
        ? `refused: ${expect.error}${expect.says ? `, says “${expect.says}”` : ""}`
        : [
            `“${clip(expect.title)}”`,
            ...expect.has.map((text) => `has “${clip(text)}”`),
            ...(expect.hasNot ?? []).map((text) => `has not “${clip(text)}”`),
          ].join(", "),
  };
}

function clip(text: string): string {
  return text.length > 48 ? `${[...text].slice(0, 47).join("")}…` : text;
}
